package import Quantization
package import Sessions

/// Where calibration data come from and what the input doctor found in them.
package struct DataSummary: Equatable, Sendable {
  package var path: String
  /// `orientation.npz · calib_u8_nhwc · 32 samples`.
  package var title: String
  package var sampleCount: Int
  package var batchCount: Int
  package var isRandom: Bool
  package var hasLabels: Bool
  package var notes: [String]
  package var findings: [Finding]

  package struct Finding: Equatable, Sendable {
    package enum Severity: Int, Equatable, Sendable { case note, warning, error }
    package var severity: Severity
    package var what: String
    package var place: String
    package var advice: String
    package init(severity: Severity, what: String, place: String, advice: String) {
      self.severity = severity
      self.what = what
      self.place = place
      self.advice = advice
    }
  }

  package init(
    path: String, title: String, sampleCount: Int, batchCount: Int, isRandom: Bool = false,
    hasLabels: Bool = false, notes: [String] = [], findings: [Finding] = []
  ) {
    self.path = path
    self.title = title
    self.sampleCount = sampleCount
    self.batchCount = batchCount
    self.isRandom = isRandom
    self.hasLabels = hasLabels
    self.notes = notes
    self.findings = findings
  }
}

/// How far a job has come.
package struct JobProgress: Equatable, Sendable {
  package var done: Int
  package var total: Int
  package var detail: String
  package init(done: Int, total: Int, detail: String = "") {
    self.done = done
    self.total = total
    self.detail = detail
  }
  package var fraction: Double { total > 0 ? Double(done) / Double(total) : 0 }
}

/// One look at a running calibration.
package struct CalibrationProgressSummary: Equatable, Sendable {
  package var batchesDone: Int
  package var batchCount: Int
  package var samples: Int
  package var elapsedSeconds: Double
  package var batchesPerSecond: Double
  package var remainingSeconds: Double?
  package var residentBytes: Int
  package var live: [LiveTensor]

  package init(
    batchesDone: Int, batchCount: Int, samples: Int = 0, elapsedSeconds: Double = 0,
    batchesPerSecond: Double = 0, remainingSeconds: Double? = nil, residentBytes: Int = 0,
    live: [LiveTensor] = []
  ) {
    self.batchesDone = batchesDone
    self.batchCount = batchCount
    self.samples = samples
    self.elapsedSeconds = elapsedSeconds
    self.batchesPerSecond = batchesPerSecond
    self.remainingSeconds = remainingSeconds
    self.residentBytes = residentBytes
    self.live = live
  }
}

/// One tensor a person watches while calibration goes on.
package struct LiveTensor: Equatable, Sendable {
  package var edge: String
  package var histogram: HistogramSummary?
  package var range: RangeSummary?
  /// Least and largest value of each batch so far, thinned to at most a few hundred.
  package var batchRanges: [ClosedRange<Float>]
  package var lastBatch: ClosedRange<Float>?
  package var wholeRun: ClosedRange<Float>?
  /// The batch since which the range has moved by less than one step.
  package var stableSince: Int?
  package var nonFiniteCount: Int

  package init(
    edge: String, histogram: HistogramSummary? = nil, range: RangeSummary? = nil,
    batchRanges: [ClosedRange<Float>] = [], lastBatch: ClosedRange<Float>? = nil,
    wholeRun: ClosedRange<Float>? = nil, stableSince: Int? = nil, nonFiniteCount: Int = 0
  ) {
    self.edge = edge
    self.histogram = histogram
    self.range = range
    self.batchRanges = batchRanges
    self.lastBatch = lastBatch
    self.wholeRun = wholeRun
    self.stableSince = stableSince
    self.nonFiniteCount = nonFiniteCount
  }
}

/// One look at a running training.
package struct TrainingProgressSummary: Equatable, Sendable {
  package var epoch: Int
  package var epochCount: Int
  package var batch: Int
  package var batchCount: Int
  package var gradientNorm: Double
  package var rate: Double
  package var remainingSeconds: Double?
  /// Mean loss of the batches since the look before; nil where an epoch has just ended.
  package var loss: Double?
  package var epochs: [TrainingResult.Epoch]
  package var drift: [LayerDrift]
  /// Of the model before training; set in the first look.
  package var float: TrainingResult.Score?
  package var calibrated: TrainingResult.Score?

  package init(
    epoch: Int, epochCount: Int, batch: Int, batchCount: Int, gradientNorm: Double = 0,
    rate: Double = 0, remainingSeconds: Double? = nil, loss: Double? = nil,
    epochs: [TrainingResult.Epoch] = [], drift: [LayerDrift] = []
  ) {
    self.epoch = epoch
    self.epochCount = epochCount
    self.batch = batch
    self.batchCount = batchCount
    self.gradientNorm = gradientNorm
    self.rate = rate
    self.remainingSeconds = remainingSeconds
    self.loss = loss
    self.epochs = epochs
    self.drift = drift
  }

  /// Epochs that are done, with the share of the one under way.
  package var place: Double { Double(epoch - 1) + Double(batch) / Double(max(batchCount, 1)) }
}

/// How far a layer's scales have moved since training began, relative to what they were.
package struct LayerDrift: Equatable, Sendable {
  package var layer: String
  package var weight: Double?
  package var activation: Double?
  package init(layer: String, weight: Double? = nil, activation: Double? = nil) {
    self.layer = layer
    self.weight = weight
    self.activation = activation
  }
}

/// A model with trained weights in force.
package struct KeptTraining: Equatable, Sendable {
  package var record: TrainingRecord
  /// With the ranges that training chose.
  package var recipe: Recipe
  package var project: ProjectSummary
  package var calibration: CalibrationSummary
  package init(
    record: TrainingRecord, recipe: Recipe, project: ProjectSummary,
    calibration: CalibrationSummary
  ) {
    self.record = record
    self.recipe = recipe
    self.project = project
    self.calibration = calibration
  }
}

/// What a finished calibration left.
package struct CalibrationSummary: Equatable, Sendable {
  package var batches: Int
  package var samples: Int
  package var edges: Int
  package var nonFiniteCount: Int
  package var seconds: Double
  package init(batches: Int, samples: Int, edges: Int, nonFiniteCount: Int, seconds: Double) {
    self.batches = batches
    self.samples = samples
    self.edges = edges
    self.nonFiniteCount = nonFiniteCount
    self.seconds = seconds
  }
}

/// The quantized graph that a recipe gave.
package struct ConversionSummary: Equatable, Sendable {
  /// Computing on codes with ranges from calibration.
  package var int8Layers: Int
  package var dynamicLayers: Int
  package var weightOnlyLayers: Int
  package var floatLayers: Int
  package var floatByteCount: Int
  package var int8ByteCount: Int
  package var notes: [String]
  package init(
    int8Layers: Int, dynamicLayers: Int = 0, weightOnlyLayers: Int = 0, floatLayers: Int,
    floatByteCount: Int, int8ByteCount: Int, notes: [String]
  ) {
    self.int8Layers = int8Layers
    self.dynamicLayers = dynamicLayers
    self.weightOnlyLayers = weightOnlyLayers
    self.floatLayers = floatLayers
    self.floatByteCount = floatByteCount
    self.int8ByteCount = int8ByteCount
    self.notes = notes
  }
}

extension ConversionSummary {
  /// `5 layers int8, 2 dynamic, 1 fp32`; kinds without layers are left out.
  package var layerText: String {
    let kinds = [
      (int8Layers, "int8"), (dynamicLayers, "dynamic"), (weightOnlyLayers, "weight-only"),
      (floatLayers, "fp32"),
    ].filter { $0.0 > 0 }
    return kinds.enumerated().map { index, kind in
      "\(kind.0) \(index == 0 ? kind.0 == 1 ? "layer " : "layers " : "")\(kind.1)"
    }.joined(separator: ", ")
  }
}

package struct ExportSummary: Equatable, Sendable {
  package var path: String
  package var byteCount: Int
  /// What reloading and running the file showed: "reloaded, 12 samples equal".
  package var verification: String
  /// What other kernels would saturate; `nil` without data or products to count.
  package var saturation: SaturationSummary?
  package init(
    path: String, byteCount: Int, verification: String, saturation: SaturationSummary? = nil
  ) {
    self.path = path
    self.byteCount = byteCount
    self.verification = verification
    self.saturation = saturation
  }
}
