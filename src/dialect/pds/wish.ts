/** What a request wants to see of files. */
import type { Env } from './call.ts'
import { picturesOf } from './image-process.ts'
import type { Wish } from './present.ts'
import { type Body, integer, text } from './request.ts'
import { URL_LIFE_S } from './terms.ts'

/** What `fields` and `url_expire_sec` ask for. */
export function wishOf(env: Env, body: Body): Wish {
  const asked = fieldsOf(body)
  return {
    urlLifeS: integer(body, 'url_expire_sec', 10, 14_400) ?? URL_LIFE_S,
    paths: asked('id_path') || asked('name_path'),
    urls: !env.share,
    media: asked('exif'),
    pictures: picturesOf(body, asked('thumbnail')),
    dirSize: /(^|,)\s*dir_size\s*(,|$)/.test(text(body, 'fields') ?? ''),
  }
}

/** Tells whether `fields` asks for a member, by name or as one of all. */
export function fieldsOf(body: Body): (member: string) => boolean {
  const fields = (text(body, 'fields') ?? '').split(',').map((field) => field.trim())
  return (member) => fields.includes(member) || fields.includes('*')
}
