package import Kernels

/// Where a layer stands under the ceilings of this host: the time that arithmetic and moving bytes
/// would take at their measured best, beside the time that it took (Williams et al. 2009).
package struct Roofline: Sendable, Equatable {
  /// What a layer could not be faster than.
  package enum Ceiling: String, Sendable, Codable {
    case arithmetic, memory
    case cache = "L2"
    case lastCache = "L3"
  }

  package let ceiling: Ceiling
  /// What it allows: billions of multiply-accumulates a second, or of bytes.
  package let rate: Double
  /// Multiply-accumulates for each byte that is read or written.
  package let intensity: Double
  /// Of what the ceiling allows, 0...1 and a little above where caches do better than was measured.
  package let share: Double
  /// Of the measured peak of this arithmetic; `nil` without multiply-accumulates.
  package let shareOfPeak: Double?
  /// Billions of bytes a second.
  package let throughput: Double

  /// - Returns: `nil` for a layer that took no time or moved nothing.
  package init?(_ timing: LayerTiming, under peak: HostPeak) {
    let seconds = timing.medianMicroseconds * 1e-6
    guard seconds > 0, timing.bytesMoved > 0 else { return nil }
    let (macs, bytes) = (Double(timing.macs), Double(timing.bytesMoved))
    let (store, bandwidth) = Self.store(of: timing.bytesMoved, peak)
    let multiplier = timing.isInteger ? peak.int8 : peak.float32
    let arithmetic = macs * Self.productShare(of: timing) / (multiplier * 1e9)
    let movement = bytes / (bandwidth * 1e9)
    (ceiling, rate) = arithmetic >= movement ? (.arithmetic, multiplier) : (store, bandwidth)
    intensity = macs / bytes
    share = max(arithmetic, movement) / seconds
    shareOfPeak = timing.macs > 0 ? arithmetic / seconds : nil
    throughput = bytes / seconds * 1e-9
  }

  /// Of the products that a layer is worth, how many are made. Winograd's tiles stand for 36
  /// with 16; those of codes for 144 with 36, each of which takes the time of two.
  private static func productShare(of timing: LayerTiming) -> Double {
    guard timing.kernel.contains("winograd") else { return 1 }
    return timing.isInteger ? 2 * 36 / 144 : 16 / 36
  }

  /// Where so many bytes lie, at best, while one layer hands them to the next.
  private static func store(
    of byteCount: Int, _ peak: HostPeak
  ) -> (ceiling: Ceiling, bandwidth: Double) {
    if byteCount <= peak.cache.byteCount { return (.cache, peak.cache.copy) }
    if let last = peak.lastCache, byteCount <= last.byteCount { return (.lastCache, last.copy) }
    return (.memory, peak.memory.copy)
  }
}
