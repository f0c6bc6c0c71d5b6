/** A request of one route, written with `{word}` in the place of every id, so that it can be sent with anybody's ids. */

/** Ids by the words that stand for them in samples. */
export type Ids = Readonly<Record<string, string>>

export interface Sample {
  /** What the places of the route's path hold, in their order. */
  readonly at?: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Why not even the owner of everything succeeds with it; absent = it does. */
  readonly refused?: string
  /** What of a good answer is new each time; its numbers are not compared then. */
  readonly fresh?: string
  /** Why who has no right to anything succeeds with it too; absent = the answer is a refusal. */
  readonly open?: string
  /** Places, by their words, that may differ between what is not there and what is another's, and why. */
  readonly told?: Readonly<Record<string, string>>
}

export interface Request {
  readonly method: string
  /** Path and query, percent-encoded. */
  readonly target: string
  readonly body: unknown
}

/** Says which ids the place with this number, counted through the whole sample, is filled from. */
export type Filling = (place: number) => Ids

const PLACE = /\{(\w+)\}/g

/** The words of a sample's places, in order. */
export function placesOf({ at = [], query = {}, body }: Sample): string[] {
  return [...JSON.stringify([at, query, body ?? null]).matchAll(PLACE)].map(([, word]) => word!)
}

/** The sample with its places filled. */
export function filled(sample: Sample, filling: Filling): Pick<Sample, 'at' | 'query' | 'body'> {
  let place = 0
  const { at = [], query = {}, body } = sample
  const text = JSON.stringify([at, query, body ?? null]).replace(PLACE, (_, word: string) => {
    const id = filling(place++)[word]
    if (id === undefined) throw new Error(`a sample speaks of {${word}}, which nobody has`)
    return JSON.stringify(id).slice(1, -1)
  })
  const [path, words, sent] = JSON.parse(text)
  return { at: path, query: words, ...(body === undefined ? {} : { body: sent }) }
}

/** The request of a route: `POST /v2/file/get`, `GET /v1.0/storage/tasks/:taskId`, `PUT /api/v1/file/{lib}/{path*}?convert`. */
export function requestOf(
  route: string,
  { at = [], query = {}, body }: Pick<Sample, 'at' | 'query' | 'body'>,
): Request {
  const [method = '', pattern = ''] = route.split(' ')
  const [path = '', flag] = pattern.split('?')
  const values = at.values()
  const filledPath = path.replace(/:\w+|\{\w+\*?\}|\*/g, () => {
    const { value } = values.next()
    // A place that takes the rest of the path keeps its slashes.
    return (value ?? '').split('/').map(encodeURIComponent).join('/')
  })
  const words = new URLSearchParams(query).toString()
  const tail = [flag === undefined ? '' : `${flag}=1`, words].filter(Boolean).join('&')
  return { method, target: tail === '' ? filledPath : `${filledPath}?${tail}`, body }
}
