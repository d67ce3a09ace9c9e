// The kernel's own control groups, where a test may use them.

import Foundation

/// A cgroup v2 tree of the kernel in which this process may make groups; nil where there is none.
public enum KernelTree {
    public static let root: String? = {
        for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            guard FileManager.default.fileExists(atPath: "\(root)/cgroup.procs") else { continue }
            let probe = "\(root)/phi-test-\(getpid())"
            guard mkdir(probe, 0o755) == 0 else { continue }
            rmdir(probe)
            return root
        }
        return nil
    }()
}
