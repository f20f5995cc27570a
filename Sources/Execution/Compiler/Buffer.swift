internal import Kernels
internal import Tensors

/// A run of bytes that steps read and write.
struct Buffer {
  struct ID: Hashable, Sendable {
    let rawValue: Int
  }

  enum Home {
    /// Known when the plan is compiled; the tensor's bytes.
    case constant(Tensor)
    /// The caller's tensor of that name.
    case input(String)
    /// Made by an earlier part of the run; the number counts what that part hands on.
    case carried(Int)
    /// Somewhere in the arena.
    case arena
  }

  var home: Home
  let byteCount: Int

  var isConstant: Bool {
    if case .constant = home { true } else { false }
  }

  var isInArena: Bool {
    if case .arena = home { true } else { false }
  }

  /// Whether the bytes belong to this run alone, so that they may be overwritten.
  var isOwned: Bool {
    switch home {
    case .arena, .carried: true
    case .constant, .input: false
    }
  }
}

/// What a step sees while it runs: where its buffers are and which threads it may use.
struct RunContext {
  /// By buffer number; undefined for buffers that the step does not name.
  let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer>
  let pool: ThreadPool

  func raw(_ buffer: Buffer.ID) -> UnsafeMutableRawPointer { pointers[buffer.rawValue] }

  func floats(_ buffer: Buffer.ID) -> UnsafeMutablePointer<Float> {
    pointers[buffer.rawValue].assumingMemoryBound(to: Float.self)
  }

  func codes(_ buffer: Buffer.ID) -> UnsafeMutablePointer<UInt8> {
    pointers[buffer.rawValue].assumingMemoryBound(to: UInt8.self)
  }

  func elements<Element>(
    _ buffer: Buffer.ID, of type: Element.Type = Element.self
  ) -> UnsafeMutablePointer<Element> {
    pointers[buffer.rawValue].assumingMemoryBound(to: type)
  }
}
