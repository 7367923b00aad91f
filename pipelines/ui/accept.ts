/**
 * Connections for an HTTP server, taken one by one: the servers of Deno and of Node end, or take no more, when the
 * process has run out of files once, and somebody who sends half a request keeps its place for ever.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Duplex } from "node:stream";

/** Connections at once; more are closed at once. */
const MOST = 128;
/** Milliseconds in which a connection sends a whole head, the first or the next one. */
const PATIENCE = 10_000;
/** Milliseconds until it is tried again where there was no file to be had. */
const PAUSE = 100;

export class Accepting {
  readonly port: number;
  /** Settles when it is shut down. */
  readonly finished: Promise<void>;
  readonly #listener: Deno.TcpListener;
  readonly #server: Server;
  /** What is open, and when each is given up. */
  readonly #open = new Map<unknown, ReturnType<typeof setTimeout> | undefined>();
  #isOver = false;

  constructor(listener: Deno.TcpListener, server: Server) {
    this.port = listener.addr.port;
    this.#listener = listener;
    this.#server = server;
    server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      clearTimeout(this.#open.get(socket));
      response.once("close", () => this.#wait(socket));
    });
    this.finished = this.#accept();
  }

  async #accept(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.#take(await this.#listener.accept());
      } catch {
        // No file is left, or who called has gone again.
        if (!this.#isOver) await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  #take(connection: Deno.TcpConn): void {
    if (this.#open.size >= MOST) return connection.close();
    const { readable, writable } = connection;
    const socket = Duplex.fromWeb({ readable, writable });
    socket.once("close", () => {
      clearTimeout(this.#open.get(socket));
      this.#open.delete(socket);
    });
    socket.on("error", () => {}); // it closes, too
    this.#open.set(socket, undefined);
    this.#wait(socket);
    this.#server.emit("connection", socket);
  }

  /** Gives a connection up that sends no head in time. */
  #wait(socket: Duplex): void {
    if (this.#open.has(socket)) {
      this.#open.set(socket, setTimeout(() => socket.destroy(), PATIENCE));
    }
  }

  async shutdown(): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    // Each is a stream that was taken above.
    for (const socket of this.#open.keys()) (socket as Duplex).destroy();
    await this.finished;
  }
}
