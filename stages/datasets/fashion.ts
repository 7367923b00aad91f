/** Fashion-MNIST (Xiao, Rasul and Vollgraf 2017; Zalando Research, MIT licence): its files and names. */

export interface Content {
  readonly bytes: number;
  readonly sha256: string;
}
/** A published file, packed with gzip; its name ends in .gz. */
export interface DataFile extends Content {
  readonly name: string;
  /** The same file unpacked, as people keep it, too. */
  readonly unpacked: Content;
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
      unpacked: {
        bytes: 47040016,
        sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      },
    },
    labels: {
      name: "train-labels-idx1-ubyte.gz",
      bytes: 29515,
      sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
      unpacked: {
        bytes: 60008,
        sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      },
    },
  },
  {
    name: "test",
    count: 10000,
    images: {
      name: "t10k-images-idx3-ubyte.gz",
      bytes: 4422102,
      sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
      unpacked: {
        bytes: 7840016,
        sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      },
    },
    labels: {
      name: "t10k-labels-idx1-ubyte.gz",
      bytes: 5148,
      sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
      unpacked: {
        bytes: 10008,
        sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      },
    },
  },
];
