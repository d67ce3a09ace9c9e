// `fleet push`: from a parameter file to a rollout.

import Model

enum PushCommand {
    static let file = Option.value("file", short: "f", "FILE", "the parameter file (required)")
    static let all = Option.flag("all", "to every device")
    static let label = Option.value(
        "label", short: "l", "KEY=VALUE", repeats: true, "to devices with this label; several: with all of them")
    static let device = Option.value("device", "ID", repeats: true, "to this device")
    static let strategy = Option.choice(
        "strategy", ["golden", "all"],
        "golden: a canary, then waves that grow by at most φ²; all: everyone at once (default golden)")
    static let canary = Option.value("canary", "N|P%", "devices in the first wave (default 1)")
    static let soak = Option.value(
        "soak", "DURATION", "how long a wave must stay well before the next one (default 10m)")
    static let message = Option.value("message", short: "m", "WHY", "why, for the record")
    static let yes = Option.flag("yes", short: "y", "don't ask")
    static let force = Option.flag("force", "push even when nothing changes")
    static let dryRun = Option.flag("dry-run", "only show what would change, and for whom")
    static let wait = Option.flag("wait", "follow the rollout to its end")
    static let timeout = Option.value(
        "timeout", "DURATION", "with --wait: how long (default: all soak times and 10 minutes)")

    static let command = Command(
        path: ["push"], summary: "send signed parameters to devices, wave by wave",
        discussion: [
            "Checks the file, shows what changes, asks, signs with parameters.key on this machine and hands the "
                + "envelope to the server, which offers it wave by wave. Each device verifies the signature "
                + "itself, tries the set, and returns to its last good one when it doesn't stay well.",
            "Whom it is for is always said: --all, -l, --device, or the file's own \"scope\".",
        ],
        usage: "-f FILE (--all | -l KEY=VALUE… | --device ID…) [options]",
        options: [
            file, all, label, device, strategy, canary, soak, message, yes, force, dryRun, wait,
            timeout,
        ],
        json: "Rollout, as POST /v1/rollouts gives it (with --wait: as it ended). With --dry-run, or when "
            + "nothing changes: {\"version\", \"previousVersion\", \"devices\", \"differences\": "
            + "[{\"parameter\", \"old\", \"new\", \"unit\"}], \"otherVersions\": [{\"version\", \"count\"}] of "
            + "devices that run another set than previousVersion, \"openRollouts\": [ids]}. Asks nothing, so it "
            + "needs --yes",
        examples: [
            Example("what would it change?", "fleet push -f site-a.json --all --dry-run"),
            Example(
                "one device first, then waves that grow; stay until it ends",
                "fleet push -f hot-summer.json --all -m 'cooler limits' --wait"),
            Example("one site, at once", "fleet push -f a.json -l site=a --strategy all --yes --wait"),
        ],
        exits: [
            (.success, "nothing to change; or pushed; with --wait: converged"),
            (.differs, "--dry-run: something would change. Else: failed or aborted"),
        ] + RolloutWatch.exits.dropFirst(2),
        run: run)

    static func run(_ call: Invocation) throws(Failure) -> ExitCode {
        // Whatever can fail here must fail before anybody is asked and anything is sent.
        let limit = call.arguments.has(timeout) ? try call.seconds(timeout, standard: 0) : nil
        let plan = try PushPlan(call)
        if call.arguments.has(dryRun) || plan.changesNothing {
            try plan.show(isFinal: true)
            return plan.changesNothing ? .success : .differs
        }
        let signer = try SetSigner(call.home)
        if !call.wantsJSON { try plan.show(isFinal: false) }
        try call.confirm(
            "Push v\(plan.version) to \(plan.audience)?", unless: yes, done: "pushed",
            hint: "look at --dry-run, then add --yes")
        let rollout = RolloutRecord(json: try plan.submit(signing: signer))
        guard call.arguments.has(wait) else {
            if call.wantsJSON {
                call.terminal.verbatim(rollout.json.pretty)
            } else {
                let devices = Format.count(rollout.targets, "device")
                let waves = Format.count(rollout.waves.count, "wave")
                call.terminal.line("rollout \(rollout.id): v\(rollout.version) goes to \(devices) in \(waves)")
                call.terminal.line("follow it: fleet rollout show \(rollout.id) -w")
            }
            return .success
        }
        let watch = RolloutWatch(
            api: plan.api, call: call, timeoutS: limit ?? 600 + plan.soakS * max(1, rollout.waves.count))
        let (end, exit) = try watch.follow(rollout)
        if call.wantsJSON {
            call.terminal.verbatim(end.json.pretty)
        } else {
            watch.report(end, exit)
        }
        return exit
    }
}
