// Resumable uploads, tus 1.0: a piece at a time, and from where the gateway is when one is lost. What is under way is
// remembered, so that choosing the same file again goes on.
import {useQuery} from '@tanstack/react-query';
import {call, Problem} from '../api/client';

const PIECE = 4 << 20;
const VERSION = {'Tus-Resumable': '1.0.0'};

export const useUploads = () =>
  useQuery({
    queryKey: ['uploads', 'there'],
    queryFn: () =>
      call('/api/v1/uploads', {method: 'OPTIONS', quiet: true}).then(
        (response) => response.headers.get('Tus-Version')?.includes('1.0.0') ?? false,
        () => false,
      ),
    staleTime: Infinity,
  });

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const pause = (millis: number) => new Promise((wake) => setTimeout(wake, millis));
const keyOf = (file: File) => `hetao.upload.${file.name}.${file.size}.${file.lastModified}`;

async function whereIs(url: string): Promise<number | null> {
  try {
    const response = await call(url, {method: 'HEAD', headers: VERSION});
    return Number(response.headers.get('Upload-Offset'));
  } catch (error) {
    if (error instanceof Problem && [403, 404, 410].includes(error.status)) return null;
    throw error;
  }
}

// Answers with what a job's input names.
export async function sendFile(file: File, progress: (done: number) => void): Promise<string> {
  const key = keyOf(file);
  let url = sessionStorage.getItem(key) ?? '';
  let offset = url ? await whereIs(url) : null;
  if (offset === null) {
    const made = await call('/api/v1/uploads', {
      method: 'POST',
      headers: {...VERSION, 'Upload-Length': String(file.size), 'Upload-Metadata': `filename ${base64(file.name)}`},
    });
    url = made.headers.get('Location') ?? '';
    // Its path alone: a gateway behind another name must not lead the upload elsewhere.
    url = new URL(url, window.location.href).pathname;
    sessionStorage.setItem(key, url);
    offset = 0;
  }
  let tries = 0;
  while (offset < file.size) {
    try {
      const response: Response = await call(url, {
        method: 'PATCH',
        headers: {...VERSION, 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream'},
        body: file.slice(offset, offset + PIECE),
      });
      offset = Number(response.headers.get('Upload-Offset'));
      tries = 0;
      progress(offset);
    } catch (error) {
      tries += 1;
      const lasting = error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 409;
      if (lasting || tries > 8) throw error;
      await pause(500 * 2 ** Math.min(tries, 5));
      offset = (await whereIs(url).catch(() => offset)) ?? 0;
    }
  }
  sessionStorage.removeItem(key);
  return `upload:${url.split('/').pop() ?? ''}`;
}
