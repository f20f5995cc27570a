/// Finds the pixels around a position, and how much each counts.
struct GridSampler {
  enum Padding: String { case zeros, border, reflection }
  enum Interpolation { case nearest, linear, cubic }

  struct Tap<Real> {
    var offset: Int
    var weight: Real
  }

  let image: [Int]
  let alignsCorners: Bool
  let padding: Padding
  let interpolation: Interpolation

  /// - Parameter position: normalised to -1...1, the last axis first.
  func appendTaps<Real: RealElement>(
    at position: UnsafePointer<Real>, to taps: inout [Tap<Real>]
  ) {
    let start = taps.count
    taps.append(Tap(offset: 0, weight: 1))
    for (axis, extent) in image.enumerated() {
      let normalized = position[image.count - 1 - axis]
      var place =
        alignsCorners
        ? (normalized + 1) / 2 * Real(extent - 1) : ((normalized + 1) * Real(extent) - 1) / 2
      if interpolation == .nearest { place.round(.toNearestOrEven) }
      place = moved(place, extent)
      // No image is that large, so what is farther away, or nowhere, is outside.
      place = place.isNaN ? -2 : min(max(place, -1e9), 1e9)
      // Those along the axes so far, which are replaced by theirs with this axis.
      let before = start..<taps.count
      let floor = place.rounded(.down)
      let first = Int(floor)
      let ratio = place - floor
      func add(_ index: Int, _ weight: Real) {
        guard let pixel = pixel(index, extent) else { return }
        for index in before {
          let tap = taps[index]
          taps.append(Tap(offset: tap.offset * extent + pixel, weight: tap.weight * weight))
        }
      }
      switch interpolation {
      case .nearest: add(first, 1)
      case .linear:
        add(first, 1 - ratio)
        add(first + 1, ratio)
      case .cubic:
        for offset in -1...2 { add(first + offset, Self.cubic(abs(Real(offset) - ratio))) }
      }
      taps.removeSubrange(before)
    }
  }

  /// Keys' cubic with -0.75, as PyTorch has it.
  private static func cubic<Real: RealElement>(_ x: Real) -> Real {
    let a: Real = -0.75
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
  }

  private var lowerBorder: Double { alignsCorners ? 0 : -0.5 }

  private func moved<Real: RealElement>(_ place: Real, _ extent: Int) -> Real {
    let low = Real(lowerBorder)
    let high = Real(extent - 1) - low
    guard place < low || place > high else { return place }
    switch padding {
    case .zeros: return place
    // A cubic keeps its centre, as PyTorch has it; only its pixels are moved.
    case .border: return interpolation == .cubic ? place : min(max(place, 0), Real(extent - 1))
    case .reflection: return Self.reflected(place, low, high)
    }
  }

  private func pixel(_ index: Int, _ extent: Int) -> Int? {
    if index >= 0 && index < extent { return index }
    switch padding {
    case .zeros: return nil
    case .border: return min(max(index, 0), extent - 1)
    case .reflection:
      let low = lowerBorder
      let place = Self.reflected(Double(index), low, Double(extent - 1) - low)
      return min(max(Int(place), 0), extent - 1)
    }
  }

  private static func reflected<Real: RealElement>(
    _ place: Real, _ low: Real, _ high: Real
  ) -> Real {
    let range = high - low
    guard range > 0, place.isFinite else { return low }
    let distance = place < low ? low - place : place - high
    let times = (distance / range).rounded(.towardZero)
    let rest = distance - times * range
    let startsLow = (place < low) == (times.truncatingRemainder(dividingBy: 2) == 0)
    return startsLow ? low + rest : high - rest
  }
}
