import CKernels
import Glibc
import Testing

@testable import Kernels

/// What is asked of the machine.
@Suite struct HostTests {
  @Test func theProcessorsAreThoseOfTheMask() {
    let allowed = kern_allowed_processors()
    #expect(allowed >= 1 && allowed <= sysconf(Int32(_SC_NPROCESSORS_CONF)))
    #expect(AllowedProcessors.count == allowed)
  }

  @Test(arguments: InstructionSet.available)
  func everyPeakIsMeasured(isa: InstructionSet) throws {
    let table = try #require(kern_peak_table_for(isa.kernelIsa)).pointee
    var (macs, narrow) = (UInt64(0), UInt64(0))
    _ = table.u8s8(100, &macs)
    _ = table.u8s8_narrow(100, &narrow)
    #expect(macs > 0 && narrow >= 8 * 100 * 8)
    // The last byte counts, and none behind it.
    let source = GuardedBuffer<UInt8>(count: 8192, repeating: 3)
    let target = GuardedBuffer<UInt8>(count: 8192, repeating: 0)
    table.copy(target.base, source.base, 8192)
    #expect(target.array == source.array)
    table.write(target.base, 8192)
    #expect(target.array.allSatisfy { $0 == 1 })
    let before = table.read(source.base, 8192)
    source.base[0] ^= 0x40
    #expect(table.read(source.base, 8192) != before)
  }
}
