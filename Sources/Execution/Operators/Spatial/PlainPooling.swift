internal import Kernels
internal import Tensors

/// What MaxPool compares.
protocol PoolableElement: TensorElement, Comparable {
  /// No element is less.
  static var least: Self { get }
}

extension PoolableElement where Self: FixedWidthInteger { static var least: Self { .min } }
extension Float: PoolableElement { static var least: Float { -.infinity } }
extension Double: PoolableElement { static var least: Double { -.infinity } }
extension Int8: PoolableElement {}
extension UInt8: PoolableElement {}

/// Pools over any number of axes, tap by tap and row by row.
struct PlainPooling {
  enum Function: Hashable {
    case maximum, average
    /// The p-th root of the sum of p-th powers.
    case norm(Int)
  }

  let window: SlidingWindow
  /// Images times channels.
  let planes: Int
  let includesPad: Bool
  /// Places of the end padding that a mean does not count.
  let uncounted: [Int]

  /// Elements that one plane takes between the passes over its axes.
  private var workCount: Int {
    var (sizes, largest) = (window.image.dimensions, 0)
    for axis in sizes.indices {
      sizes[axis] = window.positions[axis]
      largest = max(largest, sizes.reduce(1, *))
    }
    return 2 * largest + window.image.elementCount
  }

  /// Bytes of scratch memory for so many threads.
  func scratchByteCount(threads: Int, width: Int) -> Int { threads * workCount * width }

  /// The largest value under each window. NaN where one of them is.
  func maximum<Element: PoolableElement>(
    _ input: UnsafePointer<Element>, into output: UnsafeMutablePointer<Element>,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let work = scratch.assumingMemoryBound(to: Element.self)
    pool.dynamic(planes) { range, worker in
      for plane in range {
        slide(
          input + plane * pixels, into: output + plane * positions, work: work + worker * workCount,
          empty: .least
        ) { target, source, count, step in
          for index in 0..<count {
            let value = source[index &* step]
            // A NaN is unequal to itself and wins, as no comparison takes its place again.
            let held = target[index]
            target[index] = value > held || value != value ? value : held
          }
        }
      }
    }
  }

  /// The largest value under each window and its place in the whole input; inside of a plane
  /// counted with the first axis fastest when `storesColumns`.
  func maximum<Element: PoolableElement>(
    _ input: UnsafePointer<Element>, into output: UnsafeMutablePointer<Element>,
    indices: UnsafeMutablePointer<Int64>, storesColumns: Bool, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    pool.dynamic(planes) { range, _ in
      for plane in range {
        let (from, to) = (input + plane * pixels, output + plane * positions)
        let places = indices + plane * positions
        to.update(repeating: .least, count: positions)
        places.update(repeating: -1, count: positions)
        for tap in 0..<window.tapCount {
          window.runs(tap: tap) { position, pixel, count in
            for index in 0..<count {
              let value = from[pixel + index * step]
              guard value > to[position + index] || value != value || places[position + index] < 0
              else { continue }
              to[position + index] = value
              places[position + index] = Int64(pixel + index * step)
            }
          }
        }
        for index in 0..<positions where places[index] >= 0 {
          let place = Int(places[index])
          places[index] = Int64(plane * pixels + (storesColumns ? columnMajor(place) : place))
        }
      }
    }
  }

  private func columnMajor(_ place: Int) -> Int {
    var (rest, result) = (place, 0)
    for axis in window.image.dimensions.indices.reversed() {
      let stride = window.image.dimensions[..<axis].reduce(1, *)
      result += rest % window.image[axis] * stride
      rest /= window.image[axis]
    }
    return result
  }

  /// Means and norms. Sums of windows are taken along one axis after the other.
  func combine<Real: RealElement>(
    _ function: Function, _ input: UnsafePointer<Real>, into output: UnsafeMutablePointer<Real>,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let factors: [Real] = function == .average ? self.factors() : []
    let work = scratch.assumingMemoryBound(to: Real.self)
    pool.dynamic(planes) { range, worker in
      for plane in range {
        let own = work + worker * workCount
        let powers = own + (workCount - pixels)
        let from = input + plane * pixels
        let to = output + plane * positions
        switch function {
        case .norm(1): for index in 0..<pixels { powers[index] = abs(from[index]) }
        case .norm(2): for index in 0..<pixels { powers[index] = from[index] * from[index] }
        case .norm(let exponent):
          for index in 0..<pixels { powers[index] = Real.power(abs(from[index]), Real(exponent)) }
        case .average, .maximum: break
        }
        slide(function == .average ? from : UnsafePointer(powers), into: to, work: own, empty: 0) {
          target, source, count, step in
          for index in 0..<count { target[index] += source[index &* step] }
        }
        switch function {
        case .average: for index in 0..<positions { to[index] *= factors[index] }
        case .norm(1), .maximum: break
        case .norm(2): for index in 0..<positions { to[index] = to[index].squareRoot() }
        case .norm(let exponent):
          for index in 0..<positions { to[index] = Real.power(to[index], 1 / Real(exponent)) }
        }
      }
    }
  }

  /// Joins what lies under the windows of one plane, axis after axis: `join` takes neighbours in.
  @inline(__always)
  private func slide<Element: TensorElement>(
    _ input: UnsafePointer<Element>, into output: UnsafeMutablePointer<Element>,
    work: UnsafeMutablePointer<Element>, empty: Element,
    join: (UnsafeMutablePointer<Element>, UnsafePointer<Element>, Int, Int) -> Void
  ) {
    var source = input
    var (outer, inner) = (1, window.image.elementCount)
    // Passes write to one half of the working memory and read from the other.
    let half = (workCount - window.image.elementCount) / 2
    for (axis, places) in window.axes.enumerated() {
      let (pixels, positions) = (window.image[axis], window.positions[axis])
      inner /= pixels
      let isLast = axis == window.axes.count - 1
      let target = isLast ? output : work + axis % 2 * half
      target.update(repeating: empty, count: outer * positions * inner)
      for row in 0..<outer {
        let (from, to) = (source + row * pixels * inner, target + row * positions * inner)
        for tap in 0..<places.kernel {
          let place = tap * places.dilation - places.padBegin
          let first = place >= 0 ? 0 : (places.stride - 1 - place) / places.stride
          let end = min(positions, place >= pixels ? 0 : (pixels - 1 - place) / places.stride + 1)
          guard first < end else { continue }
          if inner == 1 {
            join(to + first, from + first * places.stride + place, end - first, places.stride)
          } else {
            for position in first..<end {
              join(
                to + position * inner, from + (position * places.stride + place) * inner, inner, 1)
            }
          }
        }
      }
      source = UnsafePointer(target)
      outer *= positions
    }
  }

  /// For each position, one over the number of places that a mean counts; 0 where there is none.
  private func factors<Real: RealElement>() -> [Real] {
    var counts = [1]
    for (axis, places) in window.axes.enumerated() {
      let (low, high) =
        includesPad
        ? (-places.padBegin, window.image[axis] + places.padEnd - uncounted[axis])
        : (0, window.image[axis])
      let counted = (0..<window.positions[axis]).map { position in
        (0..<places.kernel).count { tap in
          let pixel = position * places.stride + tap * places.dilation - places.padBegin
          return pixel >= low && pixel < high
        }
      }
      counts = counts.flatMap { outer in counted.map { outer * $0 } }
    }
    return counts.map { $0 == 0 ? 0 : 1 / Real($0) }
  }
}
