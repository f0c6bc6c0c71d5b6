/**
 * The first schema, with the tables and columns of the other store. Every table of a drive leads with `drive_id`, the small
 * ones serve all drives, and `distribution.ts` says which is which. JSON columns are text, times milliseconds since 1970.
 *
 * Texts in keys compare by their bytes, as names do. There are no foreign keys and no sequences: neither could be kept once
 * drives live on several machines.
 */
export const sql = `
/* One row: what tells the key of the deployment from others. */
create table deployment (
  one bigint not null primary key check (one = 1),
  key_digest text not null
);

create table sequence (
  name text collate "C" not null primary key,
  next bigint not null
);
insert into sequence (name, next) values ('node', 1), ('drive', 1001), ('task', 1), ('trash', 1);

create table tenant (
  id text collate "C" not null primary key,
  name text not null,
  created_at bigint not null,
  extra text not null
);

create table app (
  dialect text collate "C" not null,
  id text collate "C" not null,
  tenant_id text not null,
  name text not null,
  secret text not null,
  public_key text not null,
  scopes text not null,
  created_at bigint not null,
  extra text not null,
  primary key (dialect, id)
);

create table "user" (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  name text not null,
  nick text not null,
  email text not null,
  phone text not null,
  avatar text not null,
  description text not null,
  role text not null,
  status text not null,
  password text not null,
  default_drive bigint not null,
  signed_in_at bigint not null,
  renewed_at bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  extra text not null,
  primary key (tenant_id, id)
);

create table user_group (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  name text not null,
  description text not null,
  creator text not null,
  created_at bigint not null,
  updated_at bigint not null,
  extra text not null,
  primary key (tenant_id, id)
);

create table member (
  tenant_id text collate "C" not null,
  group_id text collate "C" not null,
  member text collate "C" not null,
  role text not null,
  description text not null,
  creator text not null,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, group_id, member)
);
create index member_of on member (tenant_id, member, group_id);

create table identity (
  tenant_id text collate "C" not null,
  kind text collate "C" not null,
  value text collate "C" not null,
  user_id text collate "C" not null,
  name text not null,
  created_at bigint not null,
  primary key (tenant_id, kind, value)
);
create index identity_of_user on identity (tenant_id, user_id);

-- How often people of a tenant, and what was handed out to them, have changed; tenants with none are at 0.
create table standing (
  tenant_id text collate "C" not null primary key,
  seq bigint not null
);

create table departed (
  tenant_id text collate "C" not null,
  subject text collate "C" not null,
  primary key (tenant_id, subject)
);

create table token (
  id text collate "C" not null primary key,
  dialect text not null,
  purpose text not null,
  tenant_id text collate "C" not null,
  app text collate "C" not null,
  user_id text collate "C" not null,
  scopes text not null,
  data text not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index token_of_app on token (tenant_id, app, user_id);
create index token_expiry on token (expires_at);

create table link (
  id text collate "C" not null primary key,
  tenant_id text collate "C" not null,
  drive_id bigint not null,
  nodes text not null,
  inboxes text not null,
  name text not null,
  description text not null,
  password text not null,
  actions bigint not null,
  state text not null,
  expires_at bigint not null,
  creator text collate "C" not null,
  created_at bigint not null,
  updated_at bigint not null,
  extra text not null,
  previews_max bigint not null,
  downloads_max bigint not null,
  saves_max bigint not null,
  takings_max bigint not null,
  accesses bigint not null,
  previews bigint not null,
  downloads bigint not null,
  saves bigint not null
);
create index link_of_tenant on link (tenant_id, id);
create index link_of_maker on link (tenant_id, creator);

create table drive (
  id bigint not null primary key,
  tenant_id text collate "C" not null,
  name text not null,
  owner text collate "C" not null,
  app text collate "C" not null,
  scene text collate "C" not null,
  scene_id text collate "C" not null,
  status text not null,
  root bigint not null,
  trash bigint not null,
  grave bigint not null,
  settings text not null,
  seq bigint not null,
  trash_seq bigint not null,
  creator text not null,
  created_at bigint not null,
  updated_at bigint not null,
  shared_pool bigint not null
);
create index drive_of_pool on drive (shared_pool, id) where status = 'active' and shared_pool > 0;
create index drive_of_tenant on drive (tenant_id, id) where status = 'active';
create index drive_of_owner on drive (tenant_id, owner, id) where status = 'active';
/* Not unique, for drives of one scene may lie on several machines: whoever makes one holds the scene’s lock. */
create index drive_of_scene on drive (tenant_id, app, scene, scene_id) where status = 'active' and scene_id <> '';
create index drive_grave on drive (grave);

create table pool (
  tenant_id text collate "C" not null,
  kind text collate "C" not null,
  key text collate "C" not null,
  quota bigint,
  used bigint not null,
  evict_after bigint,
  evict_newest bigint not null default 0,
  over_since bigint not null default 0,
  rests_until bigint not null default 0,
  primary key (tenant_id, kind, key)
);
/* Pools that make room when they hold too much. */
create index pool_eviction on pool (tenant_id, kind, key) where evict_after is not null;

/* Files that were destroyed to make room, for as long as that is remembered. */
create table evicted (
  drive_id bigint not null,
  node_id bigint not null,
  parent_id bigint not null,
  name_key text collate "C" not null,
  at bigint not null,
  primary key (drive_id, node_id)
);
create index evicted_place on evicted (drive_id, parent_id, name_key);
create index evicted_age on evicted (at);

create table node (
  drive_id bigint not null,
  id bigint not null,
  parent_id bigint not null,
  name text not null,
  name_key text collate "C" not null,
  twin bigint not null,
  kind text not null,
  version bigint not null,
  digest text,
  size bigint,
  md5 text,
  sha1 text,
  crc64 text,
  born bigint not null,
  rev bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  creator text not null,
  modifier text not null,
  attributes text not null,
  primary key (drive_id, id)
);
create unique index node_name on node (drive_id, parent_id, name_key, twin);
create index node_folder on node (drive_id, parent_id, name_key) where kind = 'folder';
/* Nodes that came from another drive. */
create index node_abroad on node (drive_id, born) where born <> drive_id;
/* The order of the last change; the other orders of a whole drive are those of node_term, which moves leave alone. */
create index node_by_updated on node (drive_id, updated_at, id);

/* What nodes are found by: a set of words for each. Apart from the node, whose row every move writes anew. */
create table node_term (
  drive_id bigint not null,
  node_id bigint not null,
  terms tsvector not null,
  name_key text collate "C" not null,
  created_at bigint not null,
  size bigint not null,
  primary key (drive_id, node_id)
);
create index node_term_terms on node_term using gin (terms);
create index node_term_name on node_term (drive_id, name_key, node_id);
create index node_term_created on node_term (drive_id, created_at, node_id);
create index node_term_size on node_term (drive_id, size, node_id);

/* Drives whose graves may hold nodes, so that the sweep need not look into every drive. */
create table burial (
  drive_id bigint not null primary key
);

create table forward (
  drive_id bigint not null,
  node_id bigint not null,
  to_drive bigint not null,
  haul_id bigint not null,
  primary key (drive_id, node_id, to_drive)
);

/* Hauls whose forwarding rows are not to be followed yet. Number 0 stands for none and is never among them. */
create table haul (
  id bigint not null primary key
);

create table version (
  drive_id bigint not null,
  node_id bigint not null,
  version bigint not null,
  digest text not null,
  size bigint not null,
  md5 text not null,
  sha1 text not null,
  crc64 text not null,
  created_at bigint not null,
  creator text not null,
  keep bigint not null,
  description text not null,
  expires_at bigint not null,
  revert_of bigint not null,
  primary key (drive_id, node_id, version)
);
create index version_expiry on version (expires_at) where expires_at > 0 and keep = 0;

create table trash (
  drive_id bigint not null,
  node_id bigint not null,
  id bigint not null,
  parent_id bigint not null,
  name text not null,
  path text not null,
  trashed_at bigint not null,
  trashed_by text not null,
  expires_at bigint not null,
  primary key (drive_id, node_id)
);
create unique index trash_id on trash (drive_id, id);
create index trash_latest on trash (drive_id, trashed_at, id);
create index trash_expiry on trash (expires_at) where expires_at > 0;

create table node_grant (
  drive_id bigint not null,
  node_id bigint not null,
  subject text collate "C" not null,
  actions bigint not null,
  role text not null,
  expires_at bigint not null,
  created_at bigint not null,
  creator text collate "C" not null,
  tenant_id text collate "C" not null,
  primary key (drive_id, node_id, subject)
);
create index node_grant_to on node_grant (tenant_id, subject, created_at, drive_id, node_id);
create index node_grant_by on node_grant (tenant_id, creator, created_at, drive_id, node_id, subject);

create table mark (
  tenant_id text collate "C" not null,
  subject text collate "C" not null,
  kind text collate "C" not null,
  node_id bigint not null,
  born bigint not null,
  at bigint not null,
  primary key (tenant_id, subject, kind, node_id)
);

create table change (
  drive_id bigint not null,
  seq bigint not null,
  kind text not null,
  node_id bigint not null,
  node_kind text not null,
  born bigint not null,
  parent_id bigint not null,
  name text not null,
  origin text,
  source text,
  replaces bigint not null,
  at bigint not null,
  by text not null,
  primary key (drive_id, seq)
);

create table upload (
  drive_id bigint not null,
  id text collate "C" not null,
  tenant_id text not null,
  parent_id bigint not null,
  name text not null,
  node_id bigint not null,
  revises bigint not null,
  size bigint,
  hashes text not null,
  state text not null,
  content text not null,
  creator text not null,
  created_at bigint not null,
  expires_at bigint not null,
  data text not null,
  primary key (drive_id, id)
);
create index upload_expiry on upload (expires_at);
create index upload_of_folder on upload (drive_id, parent_id, id) where state <> 'committed';

create table upload_part (
  drive_id bigint not null,
  upload_id text collate "C" not null,
  number bigint not null,
  size bigint not null,
  md5 text not null,
  uploaded_at bigint not null,
  primary key (drive_id, upload_id, number)
);

/* What a drive holds of contents whose bytes lie in the blob store once for all drives, and how clients may name them. */
create table blob (
  drive_id bigint not null,
  digest text collate "C" not null,
  size bigint not null,
  md5 text not null,
  sha1 text not null,
  crc64 text not null,
  refs bigint not null check (refs >= 0),
  touched_at bigint not null,
  head text not null,
  chain text not null,
  primary key (drive_id, digest)
);
create index blob_size on blob (drive_id, size) where size >= 1048576;
create index blob_unused on blob (touched_at) where refs = 0;
/* Whether any drive holds a content: asked by the sweep. */
create index blob_digest on blob (digest);

create table task (
  tenant_id text collate "C" not null,
  id bigint not null,
  drive_id bigint not null,
  kind text not null,
  state text collate "C" not null,
  total bigint not null,
  done bigint not null,
  failed bigint not null,
  error text not null,
  creator text not null,
  dialect text not null,
  input text not null,
  cursor text not null,
  cancelled bigint not null,
  created_at bigint not null,
  started_at bigint not null,
  finished_at bigint not null,
  leased_until bigint not null,
  lease bigint not null,
  rests_until bigint not null default 0,
  primary key (tenant_id, id)
);
/* Whose a task is, for whoever looks after the deployment. */
create index task_number on task (id);
create index task_open on task (tenant_id, cancelled, state, id, leased_until, rests_until) where state <> 'done';
create index task_finished on task (finished_at) where state = 'done';

create table task_outcome (
  tenant_id text collate "C" not null,
  task_id bigint not null,
  number bigint not null,
  ok bigint not null,
  outcome text not null,
  primary key (tenant_id, task_id, number)
);
create index task_failure on task_outcome (tenant_id, task_id, number) where ok = 0;

create table task_queue (
  task_id bigint not null,
  position bigint not null,
  drive_id bigint not null,
  node_id bigint not null,
  made_id bigint not null,
  level bigint not null,
  after_key text,
  after_twin bigint,
  primary key (task_id, position)
);

create table task_hold (
  drive_id bigint not null,
  node_id bigint not null,
  task_id bigint not null,
  primary key (drive_id, node_id, task_id)
);
create index task_hold_of_task on task_hold (task_id);
`
