// What the doctor looked at. Gathering touches the machine, judging doesn't: so the judgement of every
// kind of board is tested without one.
//
// What lies below the roots comes from them; the rest (`Host`) is of the machine that runs the program,
// and a test gives its own.

import Governor
import Model
import System

struct DoctorFacts {
    /// What no root leads to.
    struct Host {
        var isClockSynced = false
        var pageBytes = 4096
        /// The journal is kept on disk; nil where there is no systemd journal.
        var isJournalPersistent: Bool?
        var sensorsLibrary = ""
        /// The user that looks; nil where it can't be told.
        var user: UInt32?
    }

    struct Group {
        var name: String
        var exists = false
        var writer = ControlLook.Writer.files
        /// Those of its files that the writer can't write.
        var locked: [String] = []
        /// Those that the kernel doesn't offer there.
        var absent: [String] = []
        /// What the running agent governs by the helper, by its decision.json; nil where it doesn't.
        var held: Held?
    }

    struct Held: Equatable {
        /// The control mode, e.g. "full".
        var mode: String
        /// Files that the agent can't have written.
        var missing: [String]
    }

    struct Folder {
        var path: String
        var exists = false
        var isWritable = false
        var owner: UInt32 = 0
        /// Of the state file in it; nil where it isn't seen.
        var keyMode: UInt32?
    }

    enum Server: Equatable {
        case notGiven
        case answers(String)
        case unreachable(String)
        /// Certificate or handshake.
        case insecure(String)
        /// Something answered that isn't an aggregator, or an aggregator in trouble.
        case odd(String)
    }

    enum Enrolment: Equatable {
        /// No aggregator is set.
        case noServer
        case enrolled
        /// There is no report key.
        case notYet
        /// The state file can't be read by this user.
        case hidden
        /// It is there and is no state.
        case damaged
    }

    enum Token: Equatable {
        case none
        case given
        /// This user may not read its file; which, and why.
        case hidden(String)
        /// There is no such file, or no token in it: the agent doesn't start.
        case unusable(String)
    }

    enum StallTrigger: Equatable {
        case given
        /// There is PSI, and the kernel refuses a trigger.
        case refused(String)
        case none
    }

    enum Watchdog: Equatable {
        case none
        case idle
        case armed
        /// The kernel doesn't tell.
        case unknown
    }

    var model = ""
    var host = Host()
    /// The best that this user can read.
    var serialSource = SerialSource.none
    var isSerialHidden = false
    /// Of the root group; nil without cgroup v2.
    var controllers: [String]?
    var group: Group?
    var hasPressure = false
    var stallSource: StallSource?
    var trigger = StallTrigger.none
    var sensors: [SensorStatus] = []
    var hasTemperature = false
    var hwmonChips = 0
    var hwmonReadings = 0
    /// Channels that libsensors reads because its configuration computes them.
    var hwmonComputed = 0
    var throttle: ThrottleReading?
    var hasFirmwareFile = false
    var frequency: FrequencyReading?
    var hasFrequencyPolicy = false
    var isFrequencyWritable = false
    var memory: MemoryReading?
    var zram: ZramReading?
    var zramDevice = "zram0"
    var watchdog = Watchdog.none
    var state = Folder(path: "")
    var run = Folder(path: "")
    var server = Server.notGiven
    var enrolment = Enrolment.noServer
    var token = Token.none

    /// By its model; a board too broken to tell it may still show the firmware's file.
    var isRaspberryPi: Bool { model.utf8.starts(with: "Raspberry Pi".utf8) || hasFirmwareFile }

    func offers(_ controller: StaticString) -> Bool {
        controllers?.contains { $0.utf8.elementsEqual("\(controller)".utf8) } ?? false
    }
}
