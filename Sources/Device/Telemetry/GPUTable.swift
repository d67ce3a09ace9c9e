// What is known of GPUs by their ids alone. The ids are those of the public PCI ID list; cores and
// memory are the makers' published figures.
//
// A card is listed only where one id means one product: AMD and Intel sell several cards, with
// different numbers of cores, under one id, so theirs stay unknown.

import Model

enum GPUTable {
    private typealias Card = (id: Int, name: StaticString, memoryGB: Double, cores: Int)

    private static let nvidiaCards: [Card] = [
        (0x1b06, "GeForce GTX 1080 Ti", 11, 3584),
        (0x1b80, "GeForce GTX 1080", 8, 2560),
        (0x1b81, "GeForce GTX 1070", 8, 1920),
        (0x1b82, "GeForce GTX 1070 Ti", 8, 2432),
        (0x1c02, "GeForce GTX 1060 3GB", 3, 1152),
        (0x1c03, "GeForce GTX 1060 6GB", 6, 1280),
        (0x1c82, "GeForce GTX 1050 Ti", 4, 768),
        (0x1e04, "GeForce RTX 2080 Ti", 11, 4352),
        (0x1e07, "GeForce RTX 2080 Ti", 11, 4352),
        (0x1e81, "GeForce RTX 2080 SUPER", 8, 3072),
        (0x1e82, "GeForce RTX 2080", 8, 2944),
        (0x1e84, "GeForce RTX 2070 SUPER", 8, 2560),
        (0x1e87, "GeForce RTX 2080", 8, 2944),
        (0x1f02, "GeForce RTX 2070", 8, 2304),
        (0x1f07, "GeForce RTX 2070", 8, 2304),
        (0x1f08, "GeForce RTX 2060", 6, 1920),
        (0x2182, "GeForce GTX 1660 Ti", 6, 1536),
        (0x2184, "GeForce GTX 1660", 6, 1408),
        (0x21c4, "GeForce GTX 1660 SUPER", 6, 1408),
        (0x2203, "GeForce RTX 3090 Ti", 24, 10752),
        (0x2204, "GeForce RTX 3090", 24, 10496),
        (0x2206, "GeForce RTX 3080", 10, 8704),
        (0x2208, "GeForce RTX 3080 Ti", 12, 10240),
        (0x2216, "GeForce RTX 3080", 10, 8704),
        (0x2414, "GeForce RTX 3060 Ti", 8, 4864),
        (0x2482, "GeForce RTX 3070 Ti", 8, 6144),
        (0x2484, "GeForce RTX 3070", 8, 5888),
        (0x2486, "GeForce RTX 3060 Ti", 8, 4864),
        (0x2488, "GeForce RTX 3070", 8, 5888),
        (0x2489, "GeForce RTX 3060 Ti", 8, 4864),
        (0x24c9, "GeForce RTX 3060 Ti", 8, 4864),
        (0x2503, "GeForce RTX 3060", 12, 3584),
        (0x2504, "GeForce RTX 3060", 12, 3584),
        (0x2684, "GeForce RTX 4090", 24, 16384),
        (0x2704, "GeForce RTX 4080", 16, 9728),
        (0x2782, "GeForce RTX 4070 Ti", 12, 7680),
        (0x2786, "GeForce RTX 4070", 12, 5888),
        (0x2803, "GeForce RTX 4060 Ti", 8, 4352),
    ]

    static func nvidia(_ id: Int) -> GPURecord? {
        guard let card = nvidiaCards.first(where: { $0.id == id }) else { return nil }
        return GPURecord(
            name: "NVIDIA \(card.name)", memoryGB: card.memoryGB, cores: card.cores,
            tier: GPUTier(memoryGB: card.memoryGB, cores: card.cores))
    }

    /// GPUs of AMD's APUs: Kaveri; Carrizo to Phoenix; Kabini, Mullins, Stoney; Trinity, Richland.
    static let amdIntegrated: [ClosedRange<Int>] = [
        0x1304...0x13ff, 0x1506...0x16ff, 0x1900...0x19ff, 0x9802...0x99ff,
    ]

    /// Intel's cards: DG1; Arc (Alchemist); Arc (Battlemage). All others are integrated.
    static let intelCards: [ClosedRange<Int>] = [
        0x4905...0x4909, 0x4f80...0x4f88, 0x5690...0x56c2, 0xe202...0xe223,
    ]

    /// https://www.raspberrypi.com/documentation/computers/processors.html
    static let boards: [(soc: StaticString, name: StaticString)] = [
        ("brcm,bcm2712", "VideoCore VII"),
        ("brcm,bcm2711", "VideoCore VI"),
        ("brcm,bcm2837", "VideoCore IV"),
        ("brcm,bcm2836", "VideoCore IV"),
        ("brcm,bcm2835", "VideoCore IV"),
    ]
}
