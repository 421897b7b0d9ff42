PRAGMA application_id = 1380405847;
PRAGMA user_version = 1;
CREATE TABLE meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
CREATE TABLE boot(
  id INTEGER PRIMARY KEY, node TEXT NOT NULL, pid INTEGER NOT NULL,
  started_us INTEGER NOT NULL, stopped_us INTEGER) STRICT;
CREATE TABLE counter(name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE live(
  id INTEGER PRIMARY KEY, mid BLOB NOT NULL, dest TEXT NOT NULL, kind INTEGER NOT NULL, type TEXT NOT NULL,
  payload BLOB NOT NULL, key TEXT, lane TEXT, source TEXT, headers BLOB, traceparent TEXT,
  created_us INTEGER NOT NULL, expires_us INTEGER, due_us INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL, max_crashes INTEGER NOT NULL, discard INTEGER NOT NULL,
  attempt_timeout REAL, attempts INTEGER NOT NULL, crashes INTEGER NOT NULL, redrives INTEGER NOT NULL,
  auto_retries INTEGER NOT NULL DEFAULT 0, original BLOB) STRICT;
CREATE TABLE attempt(
  delivery INTEGER NOT NULL, n INTEGER NOT NULL, boot INTEGER NOT NULL,
  started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, outcome TEXT NOT NULL,
  error_type TEXT, error TEXT, trace TEXT, delay_us INTEGER NOT NULL,
  PRIMARY KEY(delivery, n)) STRICT, WITHOUT ROWID;
CREATE TABLE dead_group(
  id INTEGER PRIMARY KEY, dest TEXT NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL,
  error_type TEXT, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, n INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE dead(
  id INTEGER PRIMARY KEY, grp INTEGER NOT NULL REFERENCES dead_group(id), status INTEGER NOT NULL,
  mid BLOB NOT NULL, kind INTEGER NOT NULL, payload BLOB NOT NULL,
  key TEXT, lane TEXT, source TEXT, headers BLOB, traceparent TEXT,
  created_us INTEGER NOT NULL, expires_us INTEGER, due_us INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL, max_crashes INTEGER NOT NULL, discard INTEGER NOT NULL,
  attempt_timeout REAL, attempts INTEGER NOT NULL, crashes INTEGER NOT NULL, redrives INTEGER NOT NULL,
  auto_retries INTEGER NOT NULL, error TEXT, dead_us INTEGER NOT NULL, retry_us INTEGER, purge_us INTEGER,
  code_version TEXT, edited BLOB, note TEXT, original BLOB) STRICT;
CREATE TABLE quarantine(
  fingerprint BLOB PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE processed(
  consumer TEXT NOT NULL, key TEXT NOT NULL, until_us INTEGER NOT NULL,
  PRIMARY KEY(consumer, key)) STRICT, WITHOUT ROWID;
CREATE TABLE incarnation(name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state(
  name TEXT PRIMARY KEY, type TEXT NOT NULL, schema INTEGER NOT NULL, epoch INTEGER NOT NULL,
  version INTEGER NOT NULL, data BLOB NOT NULL, updated_us INTEGER NOT NULL) STRICT;
CREATE TABLE state_event(
  name TEXT NOT NULL, version INTEGER NOT NULL, schema INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY(name, version)) STRICT, WITHOUT ROWID;
CREATE TABLE redrive(id INTEGER PRIMARY KEY, job TEXT NOT NULL) STRICT;
CREATE TABLE audit(
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, detail TEXT) STRICT;
INSERT INTO attempt VALUES (3, 1, 1, 1700000000000009, 1700000000000014, 'timeout', 'ValueError', 'bad é', 'line 1
', 77);
INSERT INTO attempt VALUES (4, 1, 1, 1700000000000001, 1700000000000006, 'error', NULL, NULL, NULL, 0);
INSERT INTO audit VALUES (1, 1700000000000000, 'me', 'purge', '7', 'old');
INSERT INTO boot VALUES (1, 'here', 1, 1700000000000000, 1700000000000000);
INSERT INTO counter VALUES ('accepted', 8);
INSERT INTO counter VALUES ('discarded', 2);
INSERT INTO counter VALUES ('done', 1);
INSERT INTO counter VALUES ('last_id', 8);
INSERT INTO dead VALUES (4, 1, 0, X'00000000000000000000000000000004', 0, X'7061796C6F6164206F662034', NULL, NULL, NULL, NULL, NULL, 1700000000000004, NULL, 1700000000000004, 1, 3, 0, NULL, 1, 0, 0, 0, '''x''', 1700000000000000, 1700000000000060, 1700000000000090, '1.2', X'656469746564', 'note', NULL);
INSERT INTO dead VALUES (5, 3, 1, X'00000000000000000000000000000005', 0, X'7061796C6F6164206F662035', NULL, NULL, NULL, NULL, NULL, 1700000000000005, NULL, 1700000000000005, 1, 3, 0, NULL, 2, 0, 0, 0, NULL, 1700000000000005, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO dead VALUES (6, 4, 0, X'00000000000000000000000000000006', 0, X'656469746564', NULL, NULL, NULL, NULL, NULL, 1700000000000006, NULL, 1700000000000006, 1, 3, 0, NULL, 1, 0, 1, 1, NULL, 1700000000000006, NULL, NULL, NULL, NULL, NULL, X'7061796C6F6164206F662036');
INSERT INTO dead_group VALUES (1, 'worker', 'app:Worker.handle', 'crash_loop', 'KeyError', X'006361757365FF01', 0, 1);
INSERT INTO dead_group VALUES (3, 'worker', 'app:Worker.handle', 'max_attempts', NULL, X'006361757365FF01', 1, 1);
INSERT INTO dead_group VALUES (4, 'worker', 'app:Worker.handle', 'max_attempts', NULL, X'006361757365FF01', 0, 1);
INSERT INTO incarnation VALUES ('app', 4);
INSERT INTO live VALUES (3, X'00000000000000000000000000000003', 'worker', 0, 'app:Worker.handle', X'7061796C6F6164206F662033', NULL, NULL, NULL, NULL, NULL, 1700000000000003, NULL, 1700000000000009, 1, 3, 0, NULL, 1, 1, 0, 0, NULL);
INSERT INTO live VALUES (8, X'00000000000000000000000000000008', 'worker', 0, 'app:Worker.handle', X'7061796C6F6164206F662038', 'key', 'lane', 'sender', X'81A16101', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 1700000000000008, 3400000000000000, 1700000000000008, 7, 5, 1, 2.5, 3, 2, 1, 0, NULL);
INSERT INTO processed VALUES ('app', 'key', 1700000000000099);
INSERT INTO quarantine VALUES (X'006361757365FF01', 1700000000000000, 'me');
INSERT INTO redrive VALUES (1, '{"id":1,"where":{"dest":"worker","type":null,"reason":null,"error_type":null,"fingerprint":"/w==","older_us":null,"newer_us":null,"key":null,"status":null,"ids":null},"actor":"me","target":null,"rate":null,"limit":null,"canary":null,"stop_ratio":null,"cursor":{"dead_us":5,"id":6},"moved":0,"failed":0,"succeeded":0,"watched":[6],"proven":false,"status":"running","started_us":0,"ended_us":null}');
INSERT INTO state VALUES ('app', 'app:Counter', 2, 3, 2, X'7374617465', 1700000000000000);
INSERT INTO state_event VALUES ('app', 3, 2, X'6576656E74');
CREATE UNIQUE INDEX dead_group_cause ON dead_group(
  dest, type, reason, ifnull(error_type, 0), fingerprint, status);
CREATE INDEX dead_group_fingerprint ON dead_group(fingerprint);
CREATE INDEX dead_by_message ON dead(mid);
CREATE INDEX dead_by_time ON dead(dead_us, id, grp);
CREATE INDEX dead_by_group ON dead(grp, dead_us, id);
CREATE INDEX dead_by_key ON dead(key, dead_us, id) WHERE key IS NOT NULL;
CREATE INDEX dead_retry ON dead(retry_us, id) WHERE retry_us IS NOT NULL AND status = 0;
CREATE INDEX dead_purge ON dead(purge_us, id) WHERE purge_us IS NOT NULL;
CREATE TRIGGER dead_in AFTER INSERT ON dead BEGIN
  UPDATE dead_group SET n = n + 1 WHERE id = NEW.grp;
END;
CREATE TRIGGER dead_moved AFTER UPDATE OF grp ON dead WHEN NEW.grp <> OLD.grp BEGIN
  UPDATE dead_group SET n = n + 1 WHERE id = NEW.grp;
  UPDATE dead_group SET n = n - 1 WHERE id = OLD.grp;
  DELETE FROM dead_group WHERE id = OLD.grp AND n = 0;
END;
CREATE TRIGGER dead_out AFTER DELETE ON dead BEGIN
  UPDATE dead_group SET n = n - 1 WHERE id = OLD.grp;
  DELETE FROM dead_group WHERE id = OLD.grp AND n = 0;
END;
CREATE INDEX processed_until ON processed(until_us);
