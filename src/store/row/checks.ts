/**
 * What must hold between rows, as SQL that every store understands: each statement selects (drive, about, says) of what is
 * wrong, and nothing when all is well. They read whole tables, each a few times, and keep no more than the database itself
 * needs to sort and compare. `normalize(text)` is Unicode NFC.
 */
import type { CheckName } from '../../engine/index.ts'

const PARENTS = [
  `select n.drive_id, 'node ' || n.id,
     case when p.id is null then 'lies in folder ' || n.parent_id || ', which its drive does not have'
       else 'lies in ' || n.parent_id || ', which is a file' end
   from node n left join node p on p.drive_id = n.drive_id and p.id = n.parent_id
   where n.parent_id <> 0 and (p.id is null or p.kind <> 'folder')`,
  `select n.drive_id, 'node ' || n.id, 'lies in no folder and is not a top of its drive'
   from node n left join drive d on d.id = n.drive_id and n.id in (d.root, d.trash, d.grave)
   where n.parent_id = 0 and d.id is null`,
  // A deleted drive's root and trash are buried, and gone when the sweep has been there.
  `select d.id, 'drive ' || d.id, 'has no root ' || d.root || ' at its top'
   from drive d left join node n on n.drive_id = d.id and n.id = d.root and n.parent_id = 0 and n.kind = 'folder'
   where n.id is null and d.status = 'active'`,
  `select d.id, 'drive ' || d.id, 'has no trash ' || d.trash || ' at its top'
   from drive d left join node n on n.drive_id = d.id and n.id = d.trash and n.parent_id = 0 and n.kind = 'folder'
   where n.id is null and d.status = 'active'`,
  `select d.id, 'drive ' || d.id, 'has no grave ' || d.grave || ' at its top'
   from drive d left join node n on n.drive_id = d.id and n.id = d.grave and n.parent_id = 0 and n.kind = 'folder'
   where n.id is null`,
]

/** From every top, and from every node whose folder is missing, down; what is not reached hangs in a circle. */
const CYCLES = [
  `with recursive reached (drive_id, id) as (
     select n.drive_id, n.id from node n left join node p on p.drive_id = n.drive_id and p.id = n.parent_id
     where n.parent_id = 0 or p.id is null
     union all
     select n.drive_id, n.id from reached r join node n on n.drive_id = r.drive_id and n.parent_id = r.id
   )
   select drive_id, 'node ' || id, 'lies below itself, or below a node that does'
   from (select drive_id, id from node except select drive_id, id from reached) lost`,
]

/** While a task carries a tree to another drive, and until what it leaves is swept, one of a node's two rows is buried. */
const IDS = [
  `with recursive buried (drive_id, id) as (
     select d.id, d.grave from burial b join drive d on d.id = b.drive_id
     union all
     select n.drive_id, n.id from buried b join node n on n.drive_id = b.drive_id and n.parent_id = b.id
   ), twice (id) as (select id from node group by id having count(*) > 1)
   select min(n.drive_id), 'node ' || n.id, 'is there ' || count(*) || ' times'
   from twice t join node n on n.id = t.id left join buried b on b.drive_id = n.drive_id and b.id = n.id
   where b.id is null group by n.id having count(*) > 1`,
  `select 0, 'task ' || id, 'is there ' || count(*) || ' times' from task group by id having count(*) > 1`,
  // An id begins with its drive's number, filled up with zeros.
  `select drive_id, 'upload ' || id, 'has an id of another drive'
   from upload where ltrim(substr(id, 1, 16), '0') <> cast(drive_id as text)`,
  `select 0, 'sequence node', 'would give ' || s.next || ' again, ' || m.last || ' is in use'
   from sequence s join (select max(id) as last from node) m on s.next <= m.last where s.name = 'node'`,
  `select 0, 'sequence drive', 'would give ' || s.next || ' again, ' || m.last || ' is in use'
   from sequence s join (select max(id) as last from drive) m on s.next <= m.last where s.name = 'drive'`,
  `select 0, 'sequence task', 'would give ' || s.next || ' again, ' || m.last || ' is in use'
   from sequence s join (select max(id) as last from task) m on s.next <= m.last where s.name = 'task'`,
  `select 0, 'sequence trash', 'would give ' || s.next || ' again, ' || m.last || ' is in use'
   from sequence s join (select max(id) as last from trash) m on s.next <= m.last where s.name = 'trash'`,
]

const NAMES = [
  `select drive_id, 'nodes ' || min(id) || ' and ' || max(id), 'have one name in folder ' || parent_id
   from node group by drive_id, parent_id, name_key, twin having count(*) > 1`,
  // A drive's tops have no name and a key that no name can be.
  `select n.drive_id, 'node ' || n.id, 'is compared as another name than it has'
   from node n left join drive d on d.id = n.drive_id and n.id in (d.root, d.trash, d.grave)
   where n.name_key <> normalize(n.name) and d.id is null`,
  `select drive_id, 'node ' || id, 'has the twin number ' || twin || ', neither 0 nor its own'
   from node where twin <> 0 and twin <> id`,
]

const CONTENT = [
  `select n.drive_id, 'node ' || n.id, 'and its version ' || n.version || ' disagree about its bytes'
   from node n left join version v on v.drive_id = n.drive_id and v.node_id = n.id and v.version = n.version
   where n.kind = 'file' and (v.digest is distinct from n.digest or v.size is distinct from n.size
     or v.md5 is distinct from n.md5 or v.sha1 is distinct from n.sha1 or v.crc64 is distinct from n.crc64)`,
  `select n.drive_id, 'node ' || n.id, 'shows version ' || n.version || ' and has a version ' || max(v.version)
   from version v join node n on n.drive_id = v.drive_id and n.id = v.node_id
   where v.version > n.version and n.kind = 'file' group by n.drive_id, n.id, n.version`,
  `select v.drive_id, 'version ' || v.version || ' of node ' || v.node_id, 'is the current one and is to go one day'
   from version v join node n on n.drive_id = v.drive_id and n.id = v.node_id and n.version = v.version
   where v.expires_at <> 0`,
  `select drive_id, 'node ' || id, 'is a folder and has bytes'
   from node where kind = 'folder' and (version <> 0 or digest is not null or size is not null)`,
  `select drive_id, 'node ' || id, 'is neither a file nor a folder' from node where kind not in ('file', 'folder')`,
]

const OWNERS = [
  `select v.drive_id, 'version ' || v.version || ' of node ' || v.node_id, 'is of no file'
   from version v left join node n on n.drive_id = v.drive_id and n.id = v.node_id and n.kind = 'file'
   where n.id is null`,
  `select g.drive_id, 'the grant of ' || g.subject || ' on node ' || g.node_id, 'is on no node'
   from node_grant g left join node n on n.drive_id = g.drive_id and n.id = g.node_id
   where n.id is null`,
  `select t.drive_id, 'trash entry ' || t.id, 'is of node ' || t.node_id || ', which is not there'
   from trash t left join node n on n.drive_id = t.drive_id and n.id = t.node_id
   where n.id is null`,
  `select p.drive_id, 'part ' || p.number || ' of upload ' || p.upload_id, 'is of no upload'
   from upload_part p left join upload u on u.drive_id = p.drive_id and u.id = p.upload_id where u.id is null`,
  `select h.drive_id, 'node ' || h.node_id, 'is held by task ' || h.task_id || ', which is done or not there'
   from task_hold h left join task t on t.id = h.task_id and t.state <> 'done' where t.id is null`,
  `select 0, 'outcome ' || o.number || ' of task ' || o.task_id, 'is of no task'
   from task_outcome o left join task t on t.tenant_id = o.tenant_id and t.id = o.task_id where t.id is null`,
  `select q.drive_id, 'node ' || q.node_id, 'waits in the queue of task ' || q.task_id || ', which is done or not there'
   from task_queue q left join task t on t.id = q.task_id and t.state <> 'done' where t.id is null`,
]

const TRASH = [
  `select n.drive_id, 'node ' || n.id, 'lies in the trash without an entry'
   from drive d join node n on n.drive_id = d.id and n.parent_id = d.trash
   left join trash t on t.drive_id = n.drive_id and t.node_id = n.id where t.node_id is null`,
  // What a deleted drive had in its trash keeps its entries until the sweep takes both.
  `select t.drive_id, 'trash entry ' || t.id, 'is of node ' || t.node_id || ', which lies elsewhere'
   from trash t join drive d on d.id = t.drive_id join node n on n.drive_id = t.drive_id and n.id = t.node_id
   where n.parent_id <> d.trash and d.status = 'active'`,
  `select drive_id, 'trash entry ' || id, 'was to go before it came'
   from trash where expires_at <> 0 and expires_at < trashed_at`,
]

const FORWARDS = [
  `select n.born, 'node ' || n.id, 'went to drive ' || n.drive_id || ' and left no forwarding row'
   from node n left join forward f on f.drive_id = n.born and f.node_id = n.id and f.to_drive = n.drive_id
   where n.born <> n.drive_id and f.node_id is null`,
  `select f.drive_id, 'the forwarding row of node ' || f.node_id, 'leads to drive ' || f.to_drive || ', where it is not'
   from forward f left join node n on n.drive_id = f.to_drive and n.id = f.node_id and n.born = f.drive_id
   where n.id is null`,
]

/** What a task carries to another drive is there twice meanwhile, and counts once in the quotas that both drives share. */
const USAGE = [
  `with recursive buried (drive_id, id) as (
     select d.id, d.grave from burial b join drive d on d.id = b.drive_id
     union all
     select n.drive_id, n.id from buried b join node n on n.drive_id = b.drive_id and n.parent_id = b.id
   ), twice (tenant_id, app, scene, shared_pool, size) as (
     select x.tenant_id, case when x.app = y.app then x.app else '' end,
       case when x.app = y.app and x.scene = y.scene then x.scene else '' end,
       case when x.shared_pool = y.shared_pool then x.shared_pool else 0 end, v.size
     from buried b join node n on n.id = b.id and n.drive_id <> b.drive_id
     left join buried o on o.drive_id = n.drive_id and o.id = n.id
     join drive x on x.id = b.drive_id join drive y on y.id = n.drive_id and y.tenant_id = x.tenant_id
     join version v on v.drive_id = b.drive_id and v.node_id = b.id
     where o.id is null or b.drive_id < n.drive_id
   ), held (id, tenant_id, app, scene, shared_pool, size) as (
     select d.id, d.tenant_id, d.app, d.scene, d.shared_pool, coalesce(s.size, 0)
     from drive d left join (select drive_id, sum(size) as size from version group by drive_id) s on s.drive_id = d.id
   ), parts (tenant_id, kind, key, used) as (
     select tenant_id, 'drive', cast(id as text), size from held
     union all select tenant_id, 'scene', app || '/' || scene, sum(size) from held where app <> '' and scene <> ''
       group by tenant_id, app, scene
     union all select tenant_id, 'shared', cast(shared_pool as text), sum(size) from held where shared_pool > 0
       group by tenant_id, shared_pool
     union all select tenant_id, 'app', app, sum(size) from held where app <> '' group by tenant_id, app
     union all select tenant_id, 'tenant', '', sum(size) from held group by tenant_id
     union all select tenant_id, 'scene', app || '/' || scene, -sum(size) from twice where app <> '' and scene <> ''
       group by tenant_id, app, scene
     union all select tenant_id, 'shared', cast(shared_pool as text), -sum(size) from twice where shared_pool > 0
       group by tenant_id, shared_pool
     union all select tenant_id, 'app', app, -sum(size) from twice where app <> '' group by tenant_id, app
     union all select tenant_id, 'tenant', '', -sum(size) from twice group by tenant_id
   ), counted (tenant_id, kind, key, used) as (
     select tenant_id, kind, key, sum(used) from parts group by tenant_id, kind, key
   )
   select 0, 'the ' || p.kind || ' quota' || case when p.key = '' then '' else ' ' || p.key end || ' of ' || p.tenant_id,
     'counts ' || p.used || ' bytes, its versions have ' || coalesce(c.used, 0)
   from pool p left join counted c on c.tenant_id = p.tenant_id and c.kind = p.kind and c.key = p.key
   where p.used <> coalesce(c.used, 0)`,
  `select d.id, 'drive ' || d.id, 'has no quota of its own'
   from drive d left join pool p on p.tenant_id = d.tenant_id and p.kind = 'drive' and p.key = cast(d.id as text)
   where p.key is null`,
  `select d.id, 'drive ' || d.id, 'counts in shared quota ' || d.shared_pool || ', which does not exist'
   from drive d
   left join pool p on p.tenant_id = d.tenant_id and p.kind = 'shared' and p.key = cast(d.shared_pool as text)
   where d.shared_pool > 0 and p.key is null`,
]

const LOG = [
  `select d.id, 'drive ' || d.id, 'is at change ' || d.seq || ', its log has ' || coalesce(c.count, 0) || ' up to '
     || coalesce(c.last, 0)
   from drive d
   left join (select drive_id, count(*) as count, max(seq) as last from change group by drive_id) c on c.drive_id = d.id
   where coalesce(c.count, 0) <> d.seq or coalesce(c.last, 0) <> d.seq`,
  `select c.drive_id, 'change ' || min(c.seq), 'is of no drive'
   from change c left join drive d on d.id = c.drive_id where d.id is null group by c.drive_id`,
]

/** The content of an upload that has its bytes is a JSON array that begins with its digest. */
const REFS = [
  `with held (drive_id, digest) as (
     select drive_id, digest from version
     union all select drive_id, substr(content, 3, 64) from upload where state in ('sealed', 'filled')
   ), counted (drive_id, digest, refs) as (select drive_id, digest, count(*) from held group by drive_id, digest)
   select b.drive_id, 'blob ' || b.digest, 'says ' || b.refs || ' references, there are ' || coalesce(c.refs, 0)
   from blob b left join counted c on c.drive_id = b.drive_id and c.digest = b.digest
   where b.refs <> coalesce(c.refs, 0)`,
  `select v.drive_id, 'version ' || v.version || ' of node ' || v.node_id, 'refers to a blob that its drive does not hold'
   from version v left join blob b on b.drive_id = v.drive_id and b.digest = v.digest where b.digest is null`,
  `select u.drive_id, 'upload ' || u.id, 'refers to a blob that its drive does not hold'
   from upload u left join blob b on b.drive_id = u.drive_id and b.digest = substr(u.content, 3, 64)
   where u.state in ('sealed', 'filled') and b.digest is null`,
  `select v.drive_id, 'version ' || v.version || ' of node ' || v.node_id, 'and its blob disagree about the bytes'
   from version v join blob b on b.drive_id = v.drive_id and b.digest = v.digest
   where v.size <> b.size or v.md5 <> b.md5 or v.sha1 <> b.sha1 or v.crc64 <> b.crc64`,
  `select min(drive_id), 'blob ' || digest, 'is not the same to all drives that hold it'
   from blob group by digest
   having min(size) <> max(size) or min(md5) <> max(md5) or min(sha1) <> max(sha1) or min(crc64) <> max(crc64)`,
]

const SWEEP = [
  `select d.id, 'drive ' || d.id, 'has nodes in its grave, and the sweep is not told'
   from drive d left join burial b on b.drive_id = d.id
   where b.drive_id is null and exists (select 1 from node n where n.drive_id = d.id and n.parent_id = d.grave)`,
]

const PEOPLE = [
  `select g.drive_id, 'the grant of ' || g.subject || ' on node ' || g.node_id, 'is of another tenant than its drive'
   from node_grant g join drive d on d.id = g.drive_id where g.tenant_id <> d.tenant_id`,
  `select d.id, 'drive ' || d.id, 'is of tenant ' || d.tenant_id || ', which does not exist'
   from drive d left join tenant t on t.id = d.tenant_id where t.id is null`,
  `select 0, 'app ' || a.id, 'is of tenant ' || a.tenant_id || ', which does not exist'
   from app a left join tenant t on t.id = a.tenant_id where t.id is null`,
  `select 0, 'user ' || u.id, 'is of tenant ' || u.tenant_id || ', which does not exist'
   from "user" u left join tenant t on t.id = u.tenant_id where t.id is null`,
  `select 0, 'user ' || i.user_id || ' of ' || i.tenant_id, 'has an identity (' || i.kind || ') and does not exist'
   from identity i left join "user" u on u.tenant_id = i.tenant_id and u.id = i.user_id where u.id is null`,
  `select 0, 'group ' || g.id, 'is of tenant ' || g.tenant_id || ', which does not exist'
   from user_group g left join tenant t on t.id = g.tenant_id where t.id is null`,
  `select 0, d.subject || ' of ' || d.tenant_id, 'is to be forgotten and exists'
   from departed d where exists (select 1 from "user" u where u.tenant_id = d.tenant_id and d.subject = 'user:' || u.id)
     or exists (select 1 from user_group g where g.tenant_id = d.tenant_id and d.subject = 'group:' || g.id)`,
  `select 0, m.member || ' of ' || m.tenant_id, 'is a member of group ' || m.group_id || ', which does not exist'
   from member m left join user_group g on g.tenant_id = m.tenant_id and g.id = m.group_id where g.id is null`,
]

/** The statements of each check; damage and the search index are each database's own affair. */
export const CHECK_STATEMENTS: Readonly<Record<Exclude<CheckName, 'storage' | 'search'>, readonly string[]>> = {
  parents: PARENTS,
  cycles: CYCLES,
  ids: IDS,
  names: NAMES,
  content: CONTENT,
  owners: OWNERS,
  trash: TRASH,
  forwards: FORWARDS,
  usage: USAGE,
  log: LOG,
  refs: REFS,
  sweep: SWEEP,
  people: PEOPLE,
}

/** Nodes below the graves of all drives. */
export const BURIED = `
with recursive buried (drive_id, id) as (
  select n.drive_id, n.id from burial b join drive d on d.id = b.drive_id
  join node n on n.drive_id = d.id and n.parent_id = d.grave
  union all
  select n.drive_id, n.id from buried b join node n on n.drive_id = b.drive_id and n.parent_id = b.id
)
select count(*) from buried`
/** Contents, of which each has its bytes once; and those no drive refers to. */
export const CONTENTS = 'select count(distinct digest) from blob'
export const UNUSED_CONTENTS = `
select count(*) from (select digest from blob group by digest having max(refs) = 0) unused`
