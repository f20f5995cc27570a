/// The working memory of one direction of a recurrent layer, cut into its parts.
struct RecurrentWorkspace {
  /// Sums over the input: `[rows, gates * hidden]`.
  let sums: UnsafeMutablePointer<Float>
  /// Sums over the state: `[batch, gates * hidden]`.
  let recurrent: UnsafeMutablePointer<Float>
  /// `[batch, hidden]`, like the next three.
  let hidden: UnsafeMutablePointer<Float>
  let cell: UnsafeMutablePointer<Float>
  let reset: UnsafeMutablePointer<Float>
  let candidate: UnsafeMutablePointer<Float>
  /// `[hidden]`
  let row: UnsafeMutablePointer<Float>
  /// Scratch memory of the products.
  let product: UnsafeMutableRawPointer

  init(_ geometry: RecurrentGeometry, gates: Int, at base: UnsafeMutableRawPointer) {
    let state = Self.byteCount(geometry.batch * geometry.hidden)
    let rowSums = base + Self.byteCount(geometry.rows * gates * geometry.hidden)
    let states = rowSums + Self.byteCount(geometry.batch * gates * geometry.hidden)
    sums = base.assumingMemoryBound(to: Float.self)
    recurrent = rowSums.assumingMemoryBound(to: Float.self)
    hidden = states.assumingMemoryBound(to: Float.self)
    cell = (states + state).assumingMemoryBound(to: Float.self)
    reset = (states + 2 * state).assumingMemoryBound(to: Float.self)
    candidate = (states + 3 * state).assumingMemoryBound(to: Float.self)
    row = (states + 4 * state).assumingMemoryBound(to: Float.self)
    product = states + 4 * state + Self.byteCount(geometry.hidden)
  }

  /// Bytes before `product`.
  static func byteCount(_ geometry: RecurrentGeometry, gates: Int) -> Int {
    byteCount(geometry.rows * gates * geometry.hidden)
      + byteCount(geometry.batch * gates * geometry.hidden)
      + 4 * byteCount(geometry.batch * geometry.hidden) + byteCount(geometry.hidden)
  }

  private static func byteCount(_ floats: Int) -> Int { roundedUp(floats * 4, to: 64) }
}
