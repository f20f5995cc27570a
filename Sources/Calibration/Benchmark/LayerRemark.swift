package import Kernels

/// Why a layer does not come near the ceilings of this host, in one sentence.
package enum LayerRemark {
  /// Of the ceiling: from here on there is nothing to explain.
  private static let wellUsed = 0.6
  /// Rows and columns of results that fill the tiles of every product kernel.
  private static let (tileRows, tileColumns) = (12, 16)
  /// Products for each result from which storing it no longer counts.
  private static let deepEnough = 48
  /// Products that are added in 16 bits where packing has little choice.
  private static let fewProducts = 4.0
  /// Microseconds that starting a step, and its threads, can show in.
  private static let shortest = 4.0

  /// - Parameter isExpectedInteger: whether the layer belongs to an int8 model.
  package static func text(
    _ timing: LayerTiming, under peak: HostPeak, isExpectedInteger: Bool
  ) -> String? {
    guard let roofline = Roofline(timing, under: peak) else { return nil }
    if isExpectedInteger, !timing.isInteger, timing.macs > 0 {
      return
        "Runs in fp32: the operator, or what stands before or behind it, has no int8 form here."
    }
    guard roofline.share < wellUsed else {
      guard roofline.ceiling != .arithmetic, timing.macs > 0 else { return nil }
      let intensity = decimal(roofline.intensity)
      return "Bound by \(roofline.ceiling.rawValue): \(intensity) products for each byte."
    }
    guard timing.macs > 0 else { return nil }
    return shape(timing) ?? time(timing, roofline)
  }

  /// What the extents of its product say.
  private static func shape(_ timing: LayerTiming) -> String? {
    let extents = timing.outputShape
    let results = extents.reduce(1, *)
    guard extents.count >= 2, results > 0 else { return nil }
    // Channels are axis 1 of pictures and signals, the last axis of matrices.
    let columns = timing.operator.hasPrefix("Conv") ? extents[1] : extents[extents.count - 1]
    let rows = results / max(columns, 1)
    let depth = timing.macs / results
    if timing.kernel.contains("dw-") || timing.kernel.contains("depthwise") {
      return "Filters each channel on its own: \(depth) products for each result."
    }
    if rows < tileRows {
      return "Few rows: \(rows) of the \(tileRows) that share each weight once it is loaded."
    }
    if columns < tileColumns {
      return "Few channels: \(columns) of the \(tileColumns) results that are made at once."
    }
    if depth < deepEnough {
      return "Few channels: \(depth) products for each result, so that storing it counts."
    }
    if let run = timing.safeRun, run < fewProducts, timing.kernel.contains("split") {
      return "Large weights: some are multiplied in halves, so that 16 bits hold their sums."
    }
    return nil
  }

  /// What its time says.
  private static func time(_ timing: LayerTiming, _ roofline: Roofline) -> String? {
    if timing.medianMicroseconds < shortest {
      return "Short: starting it takes a good part of its time."
    }
    if roofline.ceiling != .arithmetic {
      return
        "Few products for each byte: \(decimal(roofline.intensity)), so that moving bytes counts."
    }
    return timing.operator.hasPrefix("Conv")
      ? "Windows: each input is read for many results, and edges cost extra." : nil
  }

  private static func decimal(_ value: Double) -> String {
    value >= 10 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
  }
}
