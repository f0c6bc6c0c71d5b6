/** What a file's extension says: its media type, and the coarse class the vendor calls `fileType`. */

const TYPES: Readonly<Record<string, readonly [fileType: string, contentType: string]>> = {
  xls: ['excel', 'application/vnd.ms-excel'],
  xlsx: ['excel', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  csv: ['excel', 'text/csv'],
  ppt: ['powerpoint', 'application/vnd.ms-powerpoint'],
  pptx: ['powerpoint', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  doc: ['word', 'application/msword'],
  docx: ['word', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  pdf: ['pdf', 'application/pdf'],
  txt: ['text', 'text/plain'],
  md: ['text', 'text/markdown'],
  log: ['text', 'text/plain'],
  html: ['text', 'text/html'],
  css: ['text', 'text/css'],
  js: ['text', 'text/javascript'],
  json: ['text', 'application/json'],
  xml: ['text', 'application/xml'],
  yaml: ['text', 'application/yaml'],
  yml: ['text', 'application/yaml'],
  jpg: ['image', 'image/jpeg'],
  jpeg: ['image', 'image/jpeg'],
  png: ['image', 'image/png'],
  gif: ['image', 'image/gif'],
  bmp: ['image', 'image/bmp'],
  webp: ['image', 'image/webp'],
  heic: ['image', 'image/heic'],
  svg: ['image', 'image/svg+xml'],
  tif: ['image', 'image/tiff'],
  tiff: ['image', 'image/tiff'],
  mp4: ['video', 'video/mp4'],
  mov: ['video', 'video/quicktime'],
  avi: ['video', 'video/x-msvideo'],
  mkv: ['video', 'video/x-matroska'],
  webm: ['video', 'video/webm'],
  mp3: ['audio', 'audio/mpeg'],
  wav: ['audio', 'audio/wav'],
  flac: ['audio', 'audio/flac'],
  aac: ['audio', 'audio/aac'],
  m4a: ['audio', 'audio/mp4'],
  ogg: ['audio', 'audio/ogg'],
  zip: ['archive', 'application/zip'],
  rar: ['archive', 'application/vnd.rar'],
  '7z': ['archive', 'application/x-7z-compressed'],
  gz: ['archive', 'application/gzip'],
  tar: ['archive', 'application/x-tar'],
}

const UNKNOWN = ['other', 'application/octet-stream'] as const

/** The extensions of a class. */
export function extensionsOf(fileType: string): string[] {
  return Object.entries(TYPES).flatMap(([extension, [type]]) => (type === fileType ? [extension] : []))
}

/** The class and the media type by the name's last extension. */
export function fileTypeOf(name: string): { fileType: string; contentType: string } {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  const [fileType, contentType] = Object.hasOwn(TYPES, extension) ? TYPES[extension]! : UNKNOWN
  return { fileType, contentType }
}
