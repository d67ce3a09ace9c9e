// The tables, and how an older database becomes a newer one.
//
// Devices are numbered inside the database, so that keys of reports are a dozen bytes instead of forty.
// A report's row is appended (rowid order) and its key stands in an index of its own: bodies of 600
// bytes and more inside a clustered key would make each insert rewrite a page of bodies.

enum Schema {
    /// Step n takes a database from version n to n + 1. Steps that were released are never edited.
    static let steps = [first, runs]
    static var version: Int { steps.count }

    private static let first = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE devices (
          number INTEGER PRIMARY KEY,
          id BLOB NOT NULL UNIQUE,
          public_key BLOB NOT NULL,
          install_id BLOB NOT NULL,
          status INTEGER NOT NULL,
          key_counter INTEGER NOT NULL,
          enrolled_ms INTEGER NOT NULL,
          token TEXT NOT NULL,
          labels TEXT NOT NULL,
          agent_version TEXT NOT NULL,
          hardware BLOB NOT NULL
        ) STRICT;

        CREATE TABLE tokens (
          id TEXT PRIMARY KEY,
          secret_sha256 BLOB NOT NULL UNIQUE,
          label TEXT NOT NULL,
          uses INTEGER NOT NULL,
          used INTEGER NOT NULL,
          created_ms INTEGER NOT NULL,
          expires_ms INTEGER NOT NULL,
          auto_accept INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE reports (
          id INTEGER PRIMARY KEY,
          device INTEGER NOT NULL REFERENCES devices,
          boot INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          received_ms INTEGER NOT NULL,
          head BLOB NOT NULL,
          chunk_count INTEGER NOT NULL,
          body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX reports_key ON reports (device, boot, sequence);

        CREATE TABLE chunks (
          id INTEGER PRIMARY KEY,
          device INTEGER NOT NULL REFERENCES devices,
          boot INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          position INTEGER NOT NULL,
          body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX chunks_key ON chunks (device, boot, sequence, position);

        CREATE TABLE live (
          device INTEGER PRIMARY KEY REFERENCES devices,
          boot INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          last_seen_ms INTEGER NOT NULL,
          reports_stored INTEGER NOT NULL,
          chunks_stored INTEGER NOT NULL,
          spans BLOB NOT NULL
        ) STRICT;

        CREATE TABLE gaps (
          device INTEGER NOT NULL REFERENCES devices,
          boot INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          kind INTEGER NOT NULL,
          previous_boot INTEGER NOT NULL,
          samples_lost INTEGER,
          seconds REAL,
          detected_ms INTEGER NOT NULL,
          PRIMARY KEY (device, boot, sequence, kind)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE forks (
          device INTEGER NOT NULL REFERENCES devices,
          boot INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          head BLOB NOT NULL,
          detected_ms INTEGER NOT NULL,
          PRIMARY KEY (device, boot, sequence, head)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE refusals (
          device INTEGER NOT NULL REFERENCES devices,
          version INTEGER NOT NULL,
          phase INTEGER NOT NULL,
          reason TEXT NOT NULL,
          detected_ms INTEGER NOT NULL,
          PRIMARY KEY (device, version)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE parameter_sets (
          version INTEGER PRIMARY KEY,
          envelope BLOB NOT NULL,
          author TEXT NOT NULL,
          message TEXT NOT NULL,
          created_ms INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE rollouts (
          id INTEGER PRIMARY KEY,
          version INTEGER NOT NULL UNIQUE REFERENCES parameter_sets,
          strategy INTEGER NOT NULL,
          canary TEXT NOT NULL,
          soak_ms INTEGER NOT NULL,
          author TEXT NOT NULL,
          message TEXT NOT NULL,
          created_ms INTEGER NOT NULL,
          phase INTEGER NOT NULL,
          wave INTEGER NOT NULL,
          failure TEXT,
          finished_ms INTEGER
        ) STRICT;

        CREATE TABLE rollout_waves (
          rollout INTEGER NOT NULL REFERENCES rollouts,
          wave INTEGER NOT NULL,
          started_ms INTEGER,
          soaking_since_ms INTEGER,
          finished_ms INTEGER,
          PRIMARY KEY (rollout, wave)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE rollout_members (
          rollout INTEGER NOT NULL REFERENCES rollouts,
          device BLOB NOT NULL,
          wave INTEGER NOT NULL,
          phase INTEGER NOT NULL,
          reason TEXT NOT NULL,
          offered_ms INTEGER,
          applied_ms INTEGER,
          confirmed_ms INTEGER,
          PRIMARY KEY (rollout, device)
        ) STRICT, WITHOUT ROWID;
        """

    /// Samples by name, the clocks that date them, and the limit of a loss that can't be counted.
    private static let runs = """
        CREATE TABLE streams (
          device INTEGER NOT NULL REFERENCES devices,
          stream INTEGER NOT NULL,
          kernel_boot TEXT NOT NULL,
          PRIMARY KEY (device, stream)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE boot_clocks (
          device INTEGER NOT NULL REFERENCES devices,
          kernel_boot TEXT NOT NULL,
          offset_ms INTEGER NOT NULL,
          dating INTEGER NOT NULL,
          PRIMARY KEY (device, kernel_boot)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE runs (
          device INTEGER NOT NULL REFERENCES devices,
          stream INTEGER NOT NULL,
          series INTEGER NOT NULL,
          first INTEGER NOT NULL,
          end INTEGER NOT NULL,
          first_ms INTEGER NOT NULL,
          boot INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          position INTEGER NOT NULL,
          PRIMARY KEY (device, stream, series, first)
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE gaps ADD COLUMN samples_lost_most INTEGER;
        """

    static func migrate(_ database: Database, nowMs: Int64) throws(StoreFault) {
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS migrations
              (version INTEGER PRIMARY KEY, applied_ms INTEGER NOT NULL) STRICT;
            """)
        let found = try database.query("SELECT coalesce(max(version), 0) FROM migrations") {
            $0.int(0)
        }.first ?? 0
        guard found <= version else { throw .newerSchema(found: found, known: version) }
        for step in found..<version {
            try database.execute("BEGIN IMMEDIATE")
            do {
                try database.execute(steps[step])
                if step == 1 { try FleetStore.fileOldChunks(database) }
                try database.run(
                    "INSERT INTO migrations VALUES (?, ?)", [.integer(step + 1), .integer(nowMs)])
                try database.execute("COMMIT")
            } catch {
                try? database.execute("ROLLBACK")
                throw error
            }
        }
    }
}
