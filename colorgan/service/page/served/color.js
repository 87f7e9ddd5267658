// Colors a photograph by the service that this page came from.

export const AT_ONCE = 2;

const SUFFIXES = { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/tiff": "tiff", "image/bmp": "bmp" };
const TRIES = 20; // of a photograph that finds the service busy

export async function start() {}

export async function color(file, saturation, signal) {
  for (let tried = 1; ; tried += 1) {
    const response = await send(file, saturation, signal);
    if (response.status === 503 && tried < TRIES) {
      await rest(Number(response.headers.get("Retry-After") ?? 2) * 1000, signal);
      continue;
    }
    if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `status ${response.status}`);
    const blob = await response.blob();
    const wasInColor = response.headers.get("X-Colorgan-Status") !== "colored";
    if (!blob.size) throw new Error("it is in color already");
    const note = wasInColor ? "in color already; unchanged" : (response.headers.get("X-Colorgan-How") ?? "").replace(/^encoded$/, "");
    return { blob, suffix: SUFFIXES[blob.type] ?? "png", note };
  }
}

async function send(file, saturation, signal) {
  const headers = { "Content-Type": "application/octet-stream" };
  try {
    return await fetch(`colorize?saturation=${saturation}`, { method: "POST", body: file, headers, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error("the service cannot be reached");
  }
}

function rest(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
