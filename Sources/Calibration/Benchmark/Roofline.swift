package import Kernels

/// Where a layer stands under the ceilings of this host: the time that arithmetic and moving bytes
/// would take at their measured best, beside the time that it took (Williams et al. 2009).
package struct Roofline: Sendable, Equatable {
  /// What a layer could not be faster than.
  package enum Ceiling: String, Sendable, Codable { case arithmetic, cache, memory }

  package let ceiling: Ceiling
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
    let fits = timing.bytesMoved <= peak.cache.byteCount
    let bandwidth = fits ? peak.cache.copy : peak.memory.copy
    let arithmetic = macs / ((timing.isInteger ? peak.int8 : peak.float32) * 1e9)
    let movement = bytes / (bandwidth * 1e9)
    ceiling = arithmetic >= movement ? .arithmetic : fits ? .cache : .memory
    intensity = macs / bytes
    share = max(arithmetic, movement) / seconds
    shareOfPeak = timing.macs > 0 ? arithmetic / seconds : nil
    throughput = bytes / seconds * 1e-9
  }
}
