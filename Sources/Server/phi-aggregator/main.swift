// phi-aggregator: flags, signals, start, wait, stop. What it does stands in the modules below.

import Aggregator
import Glibc
import HTTPServer
import Store

let log = Log()

func start(_ wanted: FleetConfiguration) -> FleetService? {
    var configuration = wanted
    configuration.notice = { level, text in
        switch level {
        case .info: log(.info, text)
        case .warning: log(.warning, text)
        case .error: log(.error, text)
        }
    }
    do { return try FleetService(configuration) } catch let fault as StartFault {
        log(.error, "\(fault.text)\n  hint: \(fault.hint)")
    } catch let fault as HTTPServerFault {
        log(.error, "\(fault.text)\n  hint: \(fault.hint)")
    } catch let fault as StoreFault {
        log(.error, "\(fault.text)\n  hint: \(fault.hint)")
    } catch {
        log(.error, "can't start: \(error)")
    }
    return nil
}

func run(_ configuration: FleetConfiguration) -> Int32 {
    // Blocked before any thread starts, so that every thread inherits it and only sigwait takes them.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    // A client that goes away is an error of a write, not the end of the server.
    signal(SIGPIPE, SIG_IGN)
    umask(0o077)
    // A connection is a descriptor, and the usual soft limit of 1024 is below a fleet.
    var files = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 {
        files.rlim_cur = files.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
    }

    guard let service = start(configuration) else { return 1 }
    log(.info, "version \(AggregatorVersion.text), \(service.summary)")
    if configuration.isInsecure, !service.isEncrypted {
        log(.warning, "--insecure: anybody on the network can read enrolments, and the report keys in them")
    }
    if !service.hasRootFingerprint {
        log(.warning, "there is no root.fingerprint in \(configuration.dataPath): sets signed under any root are taken")
    }
    if configuration.hasOpenMetrics { log(.info, "/metrics is open to anybody") }
    printOut("listening on \(service.url)\n")

    var caught: Int32 = 0
    sigwait(&signals, &caught)
    log(.info, "\(caught == SIGTERM ? "SIGTERM" : "SIGINT"): answering what is held, committing")
    service.stop()
    log(.info, "stopped")
    return 0
}

switch Flags.parse(Array(CommandLine.arguments.dropFirst())) {
case .help:
    printOut(Flags.help)
    exit(0)
case .version:
    printOut("phi-aggregator \(AggregatorVersion.text)\n")
    exit(0)
case .misuse(let what):
    log(.error, "\(what)\n  hint: phi-aggregator --help")
    exit(2)
case .run(let configuration):
    exit(run(configuration))
}
