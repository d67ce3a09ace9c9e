import Precision

func crc32cForTests(_ bytes: UnsafeRawBufferPointer) -> UInt32 { Checksum.crc32c(bytes) }
