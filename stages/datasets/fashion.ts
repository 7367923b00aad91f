/** Fashion-MNIST (Xiao, Rasul and Vollgraf 2017; Zalando Research, MIT licence): its files and names. */

export interface DataFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export const FOLDER = "fashion-mnist";
export const HOST = "fashion-mnist.s3-website.eu-central-1.amazonaws.com";
export const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;
export const SIZE = 28;

interface Split {
  readonly name: "train" | "test";
  readonly count: number;
  readonly images: DataFile;
  readonly labels: DataFile;
}

export const SPLITS: readonly Split[] = [
  {
    name: "train",
    count: 60000,
    images: {
      name: "train-images-idx3-ubyte.gz",
      bytes: 26421880,
      sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    },
    labels: {
      name: "train-labels-idx1-ubyte.gz",
      bytes: 29515,
      sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    },
  },
  {
    name: "test",
    count: 10000,
    images: {
      name: "t10k-images-idx3-ubyte.gz",
      bytes: 4422102,
      sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    },
    labels: {
      name: "t10k-labels-idx1-ubyte.gz",
      bytes: 5148,
      sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
  },
];
