/** A mark as a row. */
import type { DriveId, Mark, MarkKind, NodeId, Subject, TenantId } from '../../engine/index.ts'

export type MarkRow = [tenant: TenantId, subject: Subject, kind: MarkKind, node: NodeId, born: DriveId, at: number]

export function toMark([tenant, subject, kind, node, born, at]: MarkRow): Mark {
  return { tenant, subject, kind, node, born, at }
}

export function fromMark({ tenant, subject, kind, node, born, at }: Mark): MarkRow {
  return [tenant, subject, kind, node, born, at]
}
