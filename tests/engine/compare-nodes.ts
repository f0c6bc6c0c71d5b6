/** The store's rows and the model's nodes: paired, compared in everything that is stored of them. */
import type { DumpNode } from './dump.ts'
import { digestOf } from './model-place.ts'
import { type ModelNode, sizeOf } from './model-state.ts'

/** Pairs the nodes of one folder: those whose ids are known by id, the others by what they are. */
export function matchChildren(
  folder: ModelNode | null,
  found: readonly DumpNode[],
  expected: readonly ModelNode[],
  when: string,
): void {
  const where = folder ? `in folder ${folder.id} (${folder.name})` : 'in the trash'
  const strangers = new Map<number, DumpNode>(found.map((one) => [one.node.id, one]))
  const newcomers: ModelNode[] = []
  const pairs: [ModelNode, DumpNode][] = []
  for (const node of expected) {
    const known = node.id === 0 ? undefined : strangers.get(node.id)
    if (known) {
      pairs.push([node, known])
      strangers.delete(known.node.id)
    } else if (node.id === 0) newcomers.push(node)
    else throw new Error(`${when}${where} node ${node.id} (${node.name}) is missing`)
  }
  const sorted = [...strangers.values()].map((one) => ({ one, text: dumpText(one) })).sort(byText)
  const wanted = newcomers.map((node) => ({ node, text: modelText(node) })).sort(byText)
  if (sorted.length !== wanted.length) {
    const texts = (list: readonly { text: string }[]) => list.map(({ text }) => `\n  ${text}`).join('')
    throw new Error(`${when}${where} there are ${texts(sorted)}\nexpected ${texts(wanted)}`)
  }
  for (const [index, { node }] of wanted.entries()) pairs.push([node, sorted[index]!.one])
  for (const [node, row] of pairs) {
    if (modelText(node, false) !== dumpText(row, false)) {
      throw new Error(`${when}${where} there is\n  ${dumpText(row, false)}\nexpected\n  ${modelText(node, false)}`)
    }
    if (node.born !== 0 && node.born !== row.node.born) throw new Error(`${when}node ${node.id} was born elsewhere`)
    node.id = row.node.id
    node.born = row.node.born
    if (row.trash) matchEntry(node, row.trash, when)
    matchChildren(node, row.children, node.children, when)
  }
}

/** Learns a trash entry's id. The folder it came from may be known by its id only after all pairs are made. */
function matchEntry({ id, trash }: ModelNode, entry: NonNullable<DumpNode['trash']>, when: string): void {
  const { parent } = trash!
  trash!.id = entry.id
  if (!parent.gone && parent.id !== 0 && parent.id !== entry.parent)
    throw new Error(`${when}node ${id} was trashed out of ${parent.id}, its entry says ${entry.parent}`)
}

function byText(a: { text: string }, b: { text: string }): number {
  return a.text < b.text ? -1 : Number(a.text > b.text)
}

function dumpText({ node, trash, ...more }: DumpNode, deep = true): string {
  const { name, kind, twin, rev, drive, createdAt, updatedAt, creator, modifier } = node
  const entry = trash && { name: trash.name, path: trash.path, at: trash.trashedAt, by: trash.trashedBy }
  const versions = more.versions.map(
    ({ version, content, createdAt: at, creator: by, keep, description }) =>
      `${version} ${content.size} ${content.digest.slice(0, 8)} ${at} ${by} ${keep} ${description}`,
  )
  const grants = more.grants.map(({ subject, actions, expiresAt }) => `${subject} ${actions} ${expiresAt}`)
  const children = deep ? more.children.map((child) => dumpText(child)).sort() : []
  const about = { name, kind, twin: twin !== 0, rev, drive, createdAt, updatedAt, creator, modifier }
  return JSON.stringify({ ...about, versions, attributes: sortedMembers(node.attributes), grants, entry, children })
}

function modelText(node: ModelNode, deep = true): string {
  const { name, kind, twin, rev, drive, createdAt, updatedAt, creator, modifier, trash } = node
  const entry = trash && { name: trash.name, path: trash.path, at: trash.at, by: trash.by }
  const versions = node.versions.map(
    ({ number, text, at, by, keep, description }) =>
      `${number} ${sizeOf(text)} ${digestOf(text).slice(0, 8)} ${at} ${by} ${keep} ${description}`,
  )
  const grants = node.grants
    .toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
    .map(({ subject, actions, expiresAt }) => `${subject} ${actions} ${expiresAt}`)
  const children = deep ? node.children.map((child) => modelText(child)).sort() : []
  const about = { name, kind, twin, rev, drive, createdAt, updatedAt, creator, modifier }
  return JSON.stringify({ ...about, versions, attributes: sortedMembers(node.attributes), grants, entry, children })
}

function sortedMembers(record: object): object {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
