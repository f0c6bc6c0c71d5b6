/**
 * The first schema. Every table of a drive leads with `drive_id`, so that the drive stays the unit of distribution when
 * a store spreads drives over machines. JSON columns are text, times milliseconds since 1970.
 *
 * The engine is the only writer of these tables and `fsck` proves how they hang together; so there are no foreign keys,
 * which would cost a seek a row on the hottest writes and could not be kept once drives live on several machines.
 */
export const sql = `
create table sequence (
  name text not null primary key,
  next integer not null
) strict, without rowid;
insert into sequence (name, next) values ('node', 1), ('drive', 1001), ('task', 1), ('trash', 1);

create table tenant (
  id text not null primary key,
  name text not null,
  created_at integer not null,
  extra text not null
) strict, without rowid;

create table app (
  dialect text not null,
  id text not null,
  tenant_id text not null,
  name text not null,
  secret text not null,
  public_key text not null,
  scopes text not null,
  created_at integer not null,
  extra text not null,
  primary key (dialect, id)
) strict, without rowid;

create table user (
  tenant_id text not null,
  id text not null,
  name text not null,
  nick text not null,
  email text not null,
  phone text not null,
  avatar text not null,
  description text not null,
  role text not null,
  status text not null,
  password text not null,
  default_drive integer not null,
  signed_in_at integer not null,
  renewed_at integer not null,
  created_at integer not null,
  updated_at integer not null,
  extra text not null,
  primary key (tenant_id, id)
) strict, without rowid;

create table user_group (
  tenant_id text not null,
  id text not null,
  name text not null,
  description text not null,
  creator text not null,
  created_at integer not null,
  updated_at integer not null,
  extra text not null,
  primary key (tenant_id, id)
) strict, without rowid;

create table member (
  tenant_id text not null,
  group_id text not null,
  member text not null,
  role text not null,
  description text not null,
  creator text not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (tenant_id, group_id, member)
) strict, without rowid;
create index member_of on member (tenant_id, member, group_id);

create table identity (
  tenant_id text not null,
  kind text not null,
  value text not null,
  user_id text not null,
  name text not null,
  created_at integer not null,
  primary key (tenant_id, kind, value)
) strict, without rowid;
create index identity_of_user on identity (tenant_id, user_id);

-- How often people of a tenant, and what was handed out to them, have changed; tenants with none are at 0.
create table standing (
  tenant_id text not null primary key,
  seq integer not null
) strict, without rowid;

create table departed (
  tenant_id text not null,
  subject text not null,
  primary key (tenant_id, subject)
) strict, without rowid;

create table token (
  id text not null primary key,
  dialect text not null,
  purpose text not null,
  tenant_id text not null,
  app text not null,
  user_id text not null,
  scopes text not null,
  data text not null,
  created_at integer not null,
  expires_at integer not null
) strict, without rowid;
create index token_of_app on token (tenant_id, app, user_id);
create index token_expiry on token (expires_at);

create table link (
  id text not null primary key,
  tenant_id text not null,
  drive_id integer not null,
  nodes text not null,
  inboxes text not null,
  name text not null,
  description text not null,
  password text not null,
  actions integer not null,
  state text not null,
  expires_at integer not null,
  creator text not null,
  created_at integer not null,
  updated_at integer not null,
  extra text not null,
  previews_max integer not null,
  downloads_max integer not null,
  saves_max integer not null,
  takings_max integer not null,
  accesses integer not null,
  previews integer not null,
  downloads integer not null,
  saves integer not null
) strict, without rowid;
create index link_of_tenant on link (tenant_id, id);
create index link_of_maker on link (tenant_id, creator);

create table drive (
  id integer not null primary key,
  tenant_id text not null,
  name text not null,
  owner text not null,
  app text not null,
  scene text not null,
  scene_id text not null,
  status text not null,
  root integer not null,
  trash integer not null,
  grave integer not null,
  settings text not null,
  seq integer not null,
  trash_seq integer not null,
  creator text not null,
  created_at integer not null,
  updated_at integer not null,
  shared_pool integer not null
) strict;
create index drive_of_pool on drive (shared_pool, id) where status = 'active' and shared_pool > 0;
create index drive_of_tenant on drive (tenant_id, id) where status = 'active';
create index drive_of_owner on drive (tenant_id, owner, id) where status = 'active';
create unique index drive_of_scene on drive (tenant_id, app, scene, scene_id) where status = 'active' and scene_id <> '';
create index drive_grave on drive (grave);

create table pool (
  tenant_id text not null,
  kind text not null,
  key text not null,
  quota integer,
  used integer not null,
  evict_after integer,
  evict_newest integer not null default 0,
  over_since integer not null default 0,
  rests_until integer not null default 0,
  primary key (tenant_id, kind, key)
) strict, without rowid;
/* Pools that make room when they hold too much. */
create index pool_eviction on pool (tenant_id, kind, key) where evict_after is not null;

/* Files that were destroyed to make room, for as long as that is remembered. */
create table evicted (
  drive_id integer not null,
  node_id integer not null,
  parent_id integer not null,
  name_key text not null,
  at integer not null,
  primary key (drive_id, node_id)
) strict, without rowid;
create index evicted_place on evicted (drive_id, parent_id, name_key);
create index evicted_age on evicted (at);

create table node (
  drive_id integer not null,
  id integer not null,
  parent_id integer not null,
  name text not null,
  name_key text not null,
  twin integer not null,
  kind text not null,
  version integer not null,
  digest text,
  size integer,
  md5 text,
  sha1 text,
  crc64 text,
  born integer not null,
  rev integer not null,
  created_at integer not null,
  updated_at integer not null,
  creator text not null,
  modifier text not null,
  attributes text not null,
  primary key (drive_id, id)
) strict, without rowid;
create unique index node_name on node (drive_id, parent_id, name_key, twin);
create index node_folder on node (drive_id, parent_id, name_key) where kind = 'folder';
/* Nodes that came from another drive. */
create index node_abroad on node (drive_id, born) where born <> drive_id;
/* The orders in which a whole drive is gone through. A move writes to that of the last change only. */
create index node_by_name on node (drive_id, name_key, id);
create index node_by_created on node (drive_id, created_at, id);
create index node_by_updated on node (drive_id, updated_at, id);
create index node_by_size on node (drive_id, size, id);

/*
 * What nodes are found by: a list of words for each, under the node's id. Only which words a node has is kept, neither
 * their order nor the text.
 */
create virtual table node_term using fts5 (
  terms, content = '', contentless_delete = 1, detail = none, columnsize = 1, tokenize = 'ascii'
);
/*
 * Deleting many rows would merge the index again and again for the room they leave, up to a hundred milliseconds at a time;
 * the merges that inserting brings about give that room back as well.
 */
insert into node_term (node_term, rank) values ('deletemerge', 0);

/* Drives whose graves may hold nodes, so that the sweep need not look into every drive. */
create table burial (
  drive_id integer not null primary key
) strict;

create table forward (
  drive_id integer not null,
  node_id integer not null,
  to_drive integer not null,
  haul_id integer not null,
  primary key (drive_id, node_id, to_drive)
) strict, without rowid;

/* Hauls whose forwarding rows are not to be followed yet. Number 0 stands for none and is never among them. */
create table haul (
  id integer not null primary key
) strict;

create table version (
  drive_id integer not null,
  node_id integer not null,
  version integer not null,
  digest text not null,
  size integer not null,
  md5 text not null,
  sha1 text not null,
  crc64 text not null,
  created_at integer not null,
  creator text not null,
  keep integer not null,
  description text not null,
  expires_at integer not null,
  revert_of integer not null,
  primary key (drive_id, node_id, version)
) strict, without rowid;
create index version_expiry on version (expires_at) where expires_at > 0 and keep = 0;

create table trash (
  drive_id integer not null,
  node_id integer not null,
  id integer not null,
  parent_id integer not null,
  name text not null,
  path text not null,
  trashed_at integer not null,
  trashed_by text not null,
  expires_at integer not null,
  primary key (drive_id, node_id)
) strict, without rowid;
create unique index trash_id on trash (drive_id, id);
create index trash_latest on trash (drive_id, trashed_at, id);
create index trash_expiry on trash (expires_at) where expires_at > 0;

create table node_grant (
  drive_id integer not null,
  node_id integer not null,
  subject text not null,
  actions integer not null,
  role text not null,
  expires_at integer not null,
  created_at integer not null,
  creator text not null,
  tenant_id text not null,
  primary key (drive_id, node_id, subject)
) strict, without rowid;
create index node_grant_to on node_grant (tenant_id, subject, created_at, drive_id, node_id);
create index node_grant_by on node_grant (tenant_id, creator, created_at, drive_id, node_id, subject);

create table mark (
  tenant_id text not null,
  subject text not null,
  kind text not null,
  node_id integer not null,
  born integer not null,
  at integer not null,
  primary key (tenant_id, subject, kind, node_id)
) strict, without rowid;

create table change (
  drive_id integer not null,
  seq integer not null,
  kind text not null,
  node_id integer not null,
  node_kind text not null,
  born integer not null,
  parent_id integer not null,
  name text not null,
  origin text,
  source text,
  replaces integer not null,
  at integer not null,
  by text not null,
  primary key (drive_id, seq)
) strict, without rowid;

create table upload (
  drive_id integer not null,
  id text not null,
  tenant_id text not null,
  parent_id integer not null,
  name text not null,
  node_id integer not null,
  revises integer not null,
  size integer,
  hashes text not null,
  state text not null,
  content text not null,
  creator text not null,
  created_at integer not null,
  expires_at integer not null,
  data text not null,
  primary key (drive_id, id)
) strict, without rowid;
create index upload_expiry on upload (expires_at);
create index upload_of_folder on upload (drive_id, parent_id, id) where state <> 'committed';

create table upload_part (
  drive_id integer not null,
  upload_id text not null,
  number integer not null,
  size integer not null,
  md5 text not null,
  uploaded_at integer not null,
  primary key (drive_id, upload_id, number)
) strict, without rowid;

/* What a drive holds of contents whose bytes lie in the blob store once for all drives, and how clients may name them. */
create table blob (
  drive_id integer not null,
  digest text not null,
  size integer not null,
  md5 text not null,
  sha1 text not null,
  crc64 text not null,
  refs integer not null check (refs >= 0),
  touched_at integer not null,
  head text not null,
  chain text not null,
  primary key (drive_id, digest)
) strict, without rowid;
create index blob_size on blob (drive_id, size) where size >= 1048576;
create index blob_unused on blob (touched_at) where refs = 0;
/* Whether any drive holds a content: asked by the sweep. */
create index blob_digest on blob (digest);

create table task (
  tenant_id text not null,
  id integer not null,
  drive_id integer not null,
  kind text not null,
  state text not null,
  total integer not null,
  done integer not null,
  failed integer not null,
  error text not null,
  creator text not null,
  dialect text not null,
  input text not null,
  cursor text not null,
  cancelled integer not null,
  created_at integer not null,
  started_at integer not null,
  finished_at integer not null,
  leased_until integer not null,
  lease integer not null,
  rests_until integer not null default 0,
  primary key (tenant_id, id)
) strict;
/* Whose a task is, for whoever looks after the deployment. */
create index task_number on task (id);
create index task_open on task (tenant_id, cancelled, state, id, leased_until, rests_until) where state <> 'done';
create index task_finished on task (finished_at) where state = 'done';

create table task_outcome (
  tenant_id text not null,
  task_id integer not null,
  number integer not null,
  ok integer not null,
  outcome text not null,
  primary key (tenant_id, task_id, number)
) strict, without rowid;
create index task_failure on task_outcome (tenant_id, task_id, number) where ok = 0;

create table task_queue (
  task_id integer not null,
  position integer not null,
  drive_id integer not null,
  node_id integer not null,
  made_id integer not null,
  level integer not null,
  after_key text,
  after_twin integer,
  primary key (task_id, position)
) strict, without rowid;

create table task_hold (
  drive_id integer not null,
  node_id integer not null,
  task_id integer not null,
  primary key (drive_id, node_id, task_id)
) strict, without rowid;
create index task_hold_of_task on task_hold (task_id);
`
