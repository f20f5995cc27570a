package import Quantization

/// What a recipe means for one layer, recomputed from statistics without running the model.
package struct LayerEvaluation: Equatable, Sendable {
  package var layer: String
  package var qconfig: QConfig
  /// The qconfig in short, for the table.
  package var shortForm: String
  /// The activation's choice of range; `nil` before calibration or for a float layer.
  package var activation: RangeSummary?
  /// Signal to quantization noise of the weights, decibels; `nil` without weights or in float.
  package var weightDecibels: Double?
  /// The weight's scales, least and largest when per channel.
  package var weightScale: ClosedRange<Float>?
  package var warnings: [String]

  package init(
    layer: String, qconfig: QConfig, shortForm: String, activation: RangeSummary? = nil,
    weightDecibels: Double? = nil, weightScale: ClosedRange<Float>? = nil, warnings: [String] = []
  ) {
    self.layer = layer
    self.qconfig = qconfig
    self.shortForm = shortForm
    self.activation = activation
    self.weightDecibels = weightDecibels
    self.weightScale = weightScale
    self.warnings = warnings
  }

  package var isFloat: Bool { qconfig.precision == .float32 }
}

/// A clipping range and what it costs.
package struct RangeSummary: Equatable, Sendable {
  package var observer: String
  package var lower: Float
  package var upper: Float
  package var scale: Float
  package var zeroPoint: Int32
  /// Share of values outside the range, 0...1.
  package var clippedShare: Double
  /// Predicted signal to noise, decibels.
  package var decibels: Double
  /// Shares of the predicted noise power, adding up to 1.
  package var roundingShare: Double

  package init(
    observer: String, lower: Float, upper: Float, scale: Float, zeroPoint: Int32,
    clippedShare: Double, decibels: Double, roundingShare: Double
  ) {
    self.observer = observer
    self.lower = lower
    self.upper = upper
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.clippedShare = clippedShare
    self.decibels = decibels
    self.roundingShare = roundingShare
  }

  package var clippingShare: Double { 1 - roundingShare }
}

/// Counts over equal bins between two reals.
package struct HistogramSummary: Equatable, Sendable {
  package var counts: [Double]
  package var lower: Float
  package var upper: Float

  package init(counts: [Double], lower: Float, upper: Float) {
    self.counts = counts
    self.lower = lower
    self.upper = upper
  }
}

/// Everything the detail pane shows of one layer.
package struct LayerDetail: Equatable, Sendable {
  package var layer: String
  package var activationHistogram: HistogramSummary?
  package var weightHistogram: HistogramSummary?
  /// Least and largest weight per output channel.
  package var channelRanges: [ClosedRange<Float>]
  /// Of an LSTM or GRU, in ONNX order.
  package var gates: [Gate] = []
  /// Every observer on the layer's output under the layer's scheme.
  package var observers: [RangeSummary]
  /// Which of `observers` is in force.
  package var chosenObserver: String
  /// What it reads, then what it makes.
  package var boundaries: [Boundary] = []
  /// Operators of the file that it stands for.
  package var operators: [String] = []
  /// One line per field: value, the rule that set it, and what that overrode.
  package var provenance: [String]
  package var nonFiniteCount: Int
  package var observedCount: Int

  /// The weights of one gate: what its input and its hidden state are multiplied with.
  package struct Gate: Equatable, Sendable {
    package struct Part: Equatable, Sendable {
      package var range: ClosedRange<Float>
      /// Least and largest; `nil` where the weights stay in float.
      package var scales: ClosedRange<Float>?
      package var decibels: Double?
      package init(
        range: ClosedRange<Float>, scales: ClosedRange<Float>? = nil, decibels: Double? = nil
      ) {
        self.range = range
        self.scales = scales
        self.decibels = decibels
      }
    }
    /// `i`, `o`, `f`, `c`, or `z`, `r`, `h`.
    package var name: String
    package var input: Part
    package var recurrence: Part
    package init(name: String, input: Part, recurrence: Part) {
      self.name = name
      self.input = input
      self.recurrence = recurrence
    }
  }

  /// A tensor where the layer begins or ends.
  package struct Boundary: Equatable, Sendable {
    package enum Form: Equatable, Sendable {
      case real
      case codes(type: String)
    }
    package var edge: String
    package var isInput: Bool
    /// As what the layer takes or leaves it.
    package var form: Form
    /// Of codes, once the tensor was observed.
    package var range: RangeSummary?
    /// What happens at it, and by which rule; may be empty.
    package var note: String
    package init(
      edge: String, isInput: Bool, form: Form, range: RangeSummary? = nil, note: String = ""
    ) {
      self.edge = edge
      self.isInput = isInput
      self.form = form
      self.range = range
      self.note = note
    }
  }

  package init(
    layer: String, activationHistogram: HistogramSummary? = nil,
    weightHistogram: HistogramSummary? = nil, channelRanges: [ClosedRange<Float>] = [],
    observers: [RangeSummary] = [], chosenObserver: String = "",
    provenance: [String] = [], nonFiniteCount: Int = 0, observedCount: Int = 0
  ) {
    self.layer = layer
    self.activationHistogram = activationHistogram
    self.weightHistogram = weightHistogram
    self.channelRanges = channelRanges
    self.observers = observers
    self.chosenObserver = chosenObserver
    self.provenance = provenance
    self.nonFiniteCount = nonFiniteCount
    self.observedCount = observedCount
  }
}

/// What conversion writes for one layer.
package struct LayerOutline: Equatable, Sendable {
  package var layer: String
  package var operators: [String]
  /// Why there is no converted graph; empty when there is one.
  package var problem: String

  package init(layer: String, operators: [String] = [], problem: String = "") {
    self.layer = layer
    self.operators = operators
    self.problem = problem
  }
}
