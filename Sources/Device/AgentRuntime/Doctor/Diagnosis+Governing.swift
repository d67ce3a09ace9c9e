// Findings about what the kernel lets the agent do, and about the machine it does it on.

import Model

extension Diagnosis {
    /// A line for the kernel's command line, which lives in another file on each kind of machine.
    private func kernelOption(_ option: String) -> String {
        facts.isRaspberryPi
            ? "sudo sed -i '1 s/$/ \(option)/' /boot/firmware/cmdline.txt && sudo reboot"
            : "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&\(option) /' /etc/default/grub "
                + "&& sudo update-grub && sudo reboot"
    }

    var memoryController: Finding {
        guard let controllers = facts.controllers else {
            return .missing(
                "memory-controller", "no cgroup v2 tree", lost: "all governing: the local API alone is left",
                fix: kernelOption("systemd.unified_cgroup_hierarchy=1"))
        }
        guard facts.offers("memory") else {
            return .missing(
                "memory-controller", "the kernel has the memory controller switched off (controllers: "
                    + "\(SensorText.joined(controllers, by: " ")))",
                lost: "memory.max and memory.high: the workload's memory can't be held",
                fix: kernelOption("cgroup_enable=memory"))
        }
        guard facts.offers("cpu") else {
            return .missing(
                "memory-controller", "the kernel offers memory but no cpu controller", lost: "cpu.max and cpu.weight",
                fix: kernelOption("cgroup_enable=cpu"))
        }
        return .well("memory-controller", "memory and cpu controllers are on")
    }

    var stalls: Finding {
        let source = facts.stallSource.map { "stalls known by \($0.name)" } ?? "nothing tells of stalls"
        guard facts.hasPressure else {
            return .missing(
                "psi", "the kernel has pressure stall information switched off; \(source)",
                lost: "pressure that is measured: memory use alone stands for it, and no stall wakes the agent"
                    + (facts.stallSource == .memoryEvents ? " but a limit that was hit" : ""),
                fix: kernelOption("psi=1"))
        }
        let reading = facts.sensors.first { $0.name.utf8.elementsEqual("pressure".utf8) }
        if let reading, reading.condition != .good {
            return .missing(
                "psi", "the kernel has it, and its files can't be used: \(SensorText.line(reading))",
                lost: "pressure that is measured: memory use alone stands for it",
                fix: "cat /proc/pressure/memory    # what does it say?")
        }
        switch facts.trigger {
        case .given: return .well("psi", "a trigger wakes the agent at a stall of memory")
        case .refused(let text):
            return .note(
                "psi", "averages alone; the kernel refuses a trigger: \(text)",
                lost: "a second or two: stalls are looked for every 2 s",
                fix: "uname -r    # unprivileged triggers came with Linux 6.5")
        case .none: return .well("psi", "averages, read every 2 s or with each observation")
        }
    }

    var group: Finding {
        guard let group = facts.group else {
            return .note(
                "group", "no group is named: decisions are published, and nothing is governed",
                fix: "echo 'group = workload.slice' | sudo tee -a /etc/phi-agent/agent.conf")
        }
        guard group.exists else {
            return .missing(
                "group", "there is no group \(group.name)", lost: "governing",
                fix: "sudo systemctl start \(group.name)")
        }
        if let finding = obstacle(group) { return finding }
        guard group.locked.isEmpty else {
            let files = SensorText.joined(group.locked, by: ", ")
            if case .helper = group.writer {
                return .missing(
                    "group", "\(group.name): the helper can't write \(files)", lost: "those limits",
                    fix: "journalctl -u phi-helper    # and its group: /etc/phi-agent/helper.conf")
            }
            return .missing(
                "group", "\(group.name): this user can't write \(files)", lost: "those limits",
                fix: "sudo install -D -m 644 govern.conf /etc/systemd/system/phi-agent.service.d/govern.conf "
                    + "&& sudo systemctl daemon-reload && sudo systemctl restart phi-agent")
        }
        guard group.absent.isEmpty else {
            return .note(
                "group", "\(group.name) has no \(SensorText.joined(group.absent, by: ", "))", lost: "those limits",
                fix: facts.offers("memory")
                    ? "sudo systemctl set-property \(group.name) MemoryAccounting=yes CPUWeight=100" : nil)
        }
        switch group.writer {
        case .helper where group.held != nil:
            return .well("group", "\(group.name) is governed by the running agent through phi-agent helper")
        case .helper: return .well("group", "\(group.name) can be governed by phi-agent helper")
        case .systemd: return .well("group", "\(group.name) can be governed by systemd")
        case .files: return .well("group", "\(group.name) can be governed by its files")
        }
    }

    /// What stands between this user and whoever would write the limits.
    private func obstacle(_ group: DoctorFacts.Group) -> Finding? {
        let user = facts.host.user
        switch group.writer {
        case .helper(let path, .away(let why)):
            return .missing(
                "group", "\(group.name): no phi-agent helper listens at \(path): \(why)",
                lost: "governing: decisions are published, and no limit is written",
                fix: "sudo systemctl enable --now phi-helper    # with /etc/phi-agent/helper.conf")
        case .helper(let path, .odd(let why)):
            return .missing(
                "group", "\(group.name): phi-agent helper at \(path): \(why)",
                lost: "governing: decisions are published, and no limit is written",
                fix: "sudo systemctl restart phi-helper")
        case .helper(let path, .forbidden):
            if isAgent {
                return .missing(
                    "group", "\(group.name): this user may not ask phi-agent helper at \(path)",
                    lost: "governing: decisions are published, and no limit is written",
                    fix: "sudo ls -l \(path)    # root:phi-agent and 0660, as phi-helper.service makes it")
            }
            return .note(
                "group", "\(group.name): this user may not ask phi-agent helper at \(path)", fix: Self.lookAsAgent)
        case .helper(_, .taken):
            guard let held = group.held else {
                // root is never turned away: an agent has it.
                if user == 0 { return .well("group", "\(group.name): phi-agent helper serves an agent") }
                return .note(
                    "group",
                    "\(group.name): phi-agent helper serves another agent, or not this user", fix: Self.lookAsAgent)
            }
            let locked = held.missing.filter { file in
                !group.absent.contains { $0.utf8.elementsEqual(file.utf8) }
            }
            guard !locked.isEmpty else { return nil }
            return .missing(
                "group",
                "\(group.name): the running agent's control is \(held.mode), without "
                    + SensorText.joined(locked, by: ", "),
                lost: "those limits", fix: "journalctl -u phi-helper    # why it can't write them")
        case .helper(_, .answers): return nil
        case .systemd(let unit, false):
            return .missing(
                "group", "\(group.name): systemd has no unit \(unit)", lost: "governing",
                fix: "sudo systemctl start \(unit)    # or govern-by = helper")
        case .systemd:
            // Which is polkit's to say: systemd isn't asked to write anything here.
            if user != 0 {
                return .note(
                    "group", "\(group.name): systemd takes limits from root, from others as polkit says",
                    fix: "systemctl status phi-helper    # govern-by = helper needs no rule")
            }
        case .files: break
        }
        // What root may tells nothing of an agent that runs as somebody else.
        if user == 0, facts.state.exists, facts.state.owner != 0 {
            return .note(
                "group", "\(group.name): whether the agent's user can govern it isn't seen as root",
                fix: Self.lookAsAgent)
        }
        return nil
    }

    /// Most of memory that zram may pretend to be, before it counts as too large; the kernel's own
    /// advice ends at twice the memory, for data that compress 2:1. What swaps rarely does so well, and
    /// a board of 512 MiB that fills it spends minutes compressing before anything is killed.
    private static let zramShareMost = 1.0
    private static let zramShareLarge = 0.5
    private static let swapShareMost = 2.0

    var swap: Finding {
        guard let memory = facts.memory, memory.totalBytes > 0 else {
            return .note("swap", "unknown: memory can't be read")
        }
        let total = Double(memory.totalBytes)
        if let zram = facts.zram {
            let share = Double(zram.diskBytes) / total
            let found = "zram of \(Self.mebibytes(zram.diskBytes)) beside "
                + "\(Self.mebibytes(memory.totalBytes)) of memory"
            let fix = "echo \((memory.totalBytes / 4) >> 20)M | sudo tee /sys/block/\(facts.zramDevice)/mem_limit"
                + "    # until the next boot; its size: /etc/rpi/swap.conf or zram-generator.conf"
            let lost = "time: the machine stalls for minutes before a process is killed; free swap is no headroom"
            // A board's memory is a little less than its module: 1.0 means "as large as memory".
            if share > Self.zramShareMost * 1.05 { return .missing("swap", found, lost: lost, fix: fix) }
            if share > Self.zramShareLarge { return .note("swap", found, lost: lost, fix: fix) }
            return .well("swap", found)
        }
        if memory.swapTotalBytes == 0 { return .well("swap", "none") }
        let found = "\(Self.mebibytes(memory.swapTotalBytes)) on disk"
        guard Double(memory.swapTotalBytes) / total <= Self.swapShareMost else {
            return .note(
                "swap", "\(found), more than twice the memory", lost: "time: a machine that uses it all hardly moves",
                fix: "sudo swapoff -a    # and a smaller file, see dphys-swapfile or fstab")
        }
        return .well("swap", found)
    }

    var watchdog: Finding {
        let arm = "sudo mkdir -p /etc/systemd/system.conf.d && "
            + "printf '[Manager]\\nRuntimeWatchdogSec=15s\\n' | "
            + "sudo tee /etc/systemd/system.conf.d/watchdog.conf && sudo systemctl daemon-reexec"
        let lost = "a kernel that hangs stays hung (the agent's own hangs are systemd's WatchdogSec)"
        switch facts.watchdog {
        case .armed: return .well("watchdog", "the hardware watchdog is armed")
        case .unknown:
            return .well(
                "watchdog", "there is a hardware watchdog; the kernel doesn't tell whether it is armed")
        case .idle: return .note("watchdog", "there is a hardware watchdog, and nobody pats it", lost: lost, fix: arm)
        case .none:
            return .note(
                "watchdog", "no hardware watchdog", lost: lost,
                fix: facts.isRaspberryPi
                    ? "echo dtparam=watchdog=on | sudo tee -a /boot/firmware/config.txt && sudo reboot"
                    : "sudo modprobe softdog")
        }
    }
}
