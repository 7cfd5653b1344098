// The conversation with the server: one picture at a time. It begins when it is needed, and begins again when it broke.

const PATIENCE = 20_000; // milliseconds until an answer counts as lost
const FULL = 1013;

export class Trouble extends Error {}

export class Wire {
  #socket = null;
  #turn = Promise.resolve();

  // Ask about a picture (a JPEG blob); resolves to the server's answer, or rejects with a Trouble in plain words.
  ask(request, picture) {
    const answer = this.#turn.then(() => this.#ask(request, picture));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #ask(request, picture) {
    const socket = await this.#open();
    socket.send(JSON.stringify(request));
    socket.send(picture);
    const answer = await next(socket, "message");
    return JSON.parse(answer.data);
  }

  async #open() {
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket;
    const address = new URL("faces", document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    await next(socket, "open");
    this.#socket = socket;
    return socket;
  }
}

// The next event of a kind; a conversation that ends first, or is silent for too long, is a Trouble.
function next(socket, kind) {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const finish = (settle, value) => { clearTimeout(timer); ended.abort(); settle(value); };
    const timer = setTimeout(() => { socket.close(); finish(reject, gone()); }, PATIENCE);
    socket.addEventListener(kind, (event) => finish(resolve, event), { signal: ended.signal });
    socket.addEventListener("close", (event) => finish(reject, event.code === FULL ? full() : gone()), { signal: ended.signal });
  });
}

const gone = () => new Trouble("The server does not answer. Trying again…");
const full = () => new Trouble("The server has as many visitors as it takes. Trying again…");

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
