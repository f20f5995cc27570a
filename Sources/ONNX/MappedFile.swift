internal import Foundation
internal import Tensors

/// Files as memory that is read when touched, so that weights of many gigabytes need not fit twice.
enum MappedFile {
  struct Failure: Error {
    let reason: String
  }

  /// The bytes of a file. Behind them lies at least one readable page, as vector loads may overrun
  /// the end of a tensor.
  static func storage(path: String) throws(Failure) -> TensorStorage {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(reason: "it is not a file")
    }
    let byteCount = Int(status.st_size)
    guard byteCount > 0 else { return TensorStorage(byteCount: 0) }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (span, overflow) = byteCount.addingReportingOverflow(2 * page)
    guard !overflow,
      let base = mmap(nil, span, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED
    else { throw Failure(reason: "no address space for \(byteCount) bytes") }
    guard mmap(base, byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) != MAP_FAILED
    else {
      let reason = String(cString: strerror(errno))
      munmap(base, span)
      throw Failure(reason: reason)
    }
    return TensorStorage(borrowing: base, byteCount: byteCount) { munmap($0, span) }
  }
}
