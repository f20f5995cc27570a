import Foundation
import Quantization
import Sessions
import Workbench

/// A small model in every stage of work, for screens to show.
enum SampleState {
  private static let names = [
    "/stem/conv", "/stem/act", "/block/0/expand", "/block/0/depthwise", "/block/0/project",
    "/block/0/add", "/block/1/expand", "/block/1/depthwise", "/block/1/project", "/head/pool",
    "/head/flatten", "/head/fc", "softmax",
  ]

  static func opened(width: Int, height: Int) -> WorkbenchState {
    var state = WorkbenchState()
    _ = state.update(.resized(width: width, height: height))
    state.run = 1
    let layers = names.enumerated().map { index, name in layer(index, name) }
    let project = ProjectSummary(
      modelPath: "/models/sample.onnx", modelName: "sample", modelDigest: "00",
      modelByteCount: 474_000,
      opset: 17, parameterCount: 118_282, multiplyAccumulates: 4_321_000,
      inputs: ["input N×3×64×64 float32"], outputs: ["logits N×10 float32"], layers: layers,
      notes: [], instructionSet: "avx2", threads: 2)
    var opened = OpenedProject(project: project, recipe: Recipe(target: .x86))
    opened.sessionPath = "/work/sample.octet.json"
    _ = state.update(.event(.opened(opened)))
    return state
  }

  static func calibrated(width: Int, height: Int) -> WorkbenchState {
    var state = opened(width: width, height: height)
    state.calibrate.data = DataSummary(
      path: "/data/calib.npz", title: "calib.npz · x · 256 samples", sampleCount: 256,
      batchCount: 32, hasLabels: true,
      findings: [
        DataSummary.Finding(
          severity: .warning, what: "values reach 255", place: "input",
          advice: "Scale to 0…1 with :preprocess scale=1/255.")
      ])
    state.calibrate.summary = CalibrationSummary(
      batches: 32, samples: 256, edges: 12, nonFiniteCount: 0, seconds: 1.5)
    state.calibrate.phase = .done
    state.calibrate.watched = ["/stem/conv_output", "/block/0/expand_output"]
    state.calibrate.progress = CalibrationProgressSummary(
      batchesDone: 32, batchCount: 32, samples: 256, elapsedSeconds: 1.5, batchesPerSecond: 21.3,
      residentBytes: 123_000_000, live: state.calibrate.watched.map(live))
    let evaluations = (state.project?.layers ?? []).enumerated().map { evaluation($0, $1) }
    _ = state.update(.event(.evaluated(generation: state.generation, evaluations: evaluations)))
    if let selected = state.selectedLayer {
      _ = state.update(
        .event(.detailed(generation: state.generation, detail: detail(selected.id))))
    }
    return state
  }

  static func measured(width: Int, height: Int) -> WorkbenchState {
    var state = calibrated(width: width, height: height)
    let rows = names.enumerated().filter { $0.offset != 12 }.map { index, name in
      ErrorTable.Row(
        id: name, weightDecibels: index % 3 == 0 ? 38.2 + Double(index) : nil,
        predictedDecibels: 40 - Double(index) * 1.5, roundingShare: 0.9,
        localDecibels: 42 - Double(index) * 2.2, accumulatedDecibels: 37 - Double(index),
        cosine: 0.9998, largestError: 0.021)
    }
    var change = QConfigChange()
    change.precision = .float32
    state.errors.report = ErrorTable(
      rows: rows,
      output: ErrorTable.Output(
        samples: 256, int8Decibels: 31.4, simulatedDecibels: 31.5, topOneAgreement: 0.992,
        floatAccuracy: 0.99, int8Accuracy: 0.987),
      advice: [
        AdviceSummary(
          layer: "/head/fc", title: "another observer",
          detail: "71 % of the noise is clipping; percentile 99.99 instead of histogram.",
          gainDecibels: 8.2, rule: Rule(.layer("/head/fc"), change))
      ])
    state.benchmark.report = BenchmarkTable(
      rows: names.enumerated().map { index, name in
        BenchmarkTable.Row(
          id: name, floatKernel: "conv-f32-avx2",
          int8Kernel: index % 3 == 0 ? "conv-u8s8-avx2-maddubs" : "table256",
          floatMicroseconds: 100 + Double(index) * 10, int8Microseconds: 55 + Double(index) * 3,
          multiplyAccumulates: 1_000_000, int8GigaMACs: 61.2, shareOfPeak: 0.64,
          saturatedPairs: index % 3 == 0 ? 1200 : nil, pairs: index % 3 == 0 ? 4_000_000 : nil,
          bytesMoved: 350_000, safeRun: index % 3 == 0 ? 4 : nil,
          ceiling: ["memory", "L2", "arithmetic"][index % 3], ceilingRate: [11, 80, 96][index % 3],
          shareOfCeiling: 0.21 + Double(index) * 0.04,
          remark: index % 3 == 0
            ? "Few rows: 1 of the 12 that share each weight once it is loaded."
            : nil)
      },
      float: BenchmarkTable.Latency(
        minimum: 1.9, median: 2.01, percentile90: 2.2, percentile99: 2.9),
      int8: BenchmarkTable.Latency(
        minimum: 0.98, median: 1.02, percentile90: 1.1, percentile99: 1.4), speedUp: 1.97,
      runs: 30, threads: 2, batchSize: 1, floatByteCount: 473_000, int8ByteCount: 121_000,
      floatPeak: 51, int8Peak: 96, narrowPeak: 135, host: "sample processor")
    state.log.append(.command, "octet calibrate /models/sample.onnx --data /data/calib.npz")
    state.log.append(.warning, "/head/fc: one channel is all zero")
    return state
  }

  static func training(width: Int, height: Int, phase: TrainFeature.Phase) -> WorkbenchState {
    var state = calibrated(width: width, height: height)
    _ = state.update(.selectTab(.train))
    _ = state.update(.startTraining)
    guard var record = state.train.record else { return state }
    record.settings.loss = .crossEntropy
    _ = state.update(.event(.trainingStarted(run: state.run, record)))
    let epochs = (0..<3).map { epoch in
      TrainingResult.Epoch(
        epoch: epoch, loss: epoch == 0 ? nil : 1.2 / Double(epoch),
        simulated: score(0.86 + 0.04 * Double(epoch)), int8: score(0.85 + 0.04 * Double(epoch)))
    }
    for batch in 1...50 {
      var progress = TrainingProgressSummary(
        epoch: batch > 20 ? batch > 40 ? 3 : 2 : 1, epochCount: 3, batch: (batch - 1) % 20 + 1,
        batchCount: 20, gradientNorm: 3.2, rate: 0.0004, remainingSeconds: 12,
        loss: 1 / (1 + Double(batch) / 10) + Double(batch % 4) / 20)
      progress.epochs = Array(epochs.prefix(1 + batch / 20))
      progress.float = score(0.95)
      progress.calibrated = score(0.84)
      progress.drift = names.prefix(9).enumerated().map { index, name in
        LayerDrift(
          layer: name, weight: index % 3 == 0 ? Double(batch * (index - 4)) / 600 : nil,
          activation: Double(batch * index) / 4000)
      }
      _ = state.update(.event(.trainingProgressed(run: state.run, progress)))
    }
    if phase == .paused { _ = state.update(.togglePause) }
    if phase == .done {
      record.result = TrainingResult(
        epochs: epochs, bestEpoch: 2, float: score(0.95), calibrated: score(0.84))
      _ = state.update(.event(.trained(run: state.run, record)))
    }
    return state
  }

  private static func score(_ accuracy: Double) -> TrainingResult.Score {
    TrainingResult.Score(
      accuracy: accuracy, agreement: accuracy + 0.01, decibels: accuracy * 30)
  }

  private static func layer(_ index: Int, _ name: String) -> LayerSummary {
    let path = name.split(separator: "/").map(String.init)
    let isConvolution = [0, 2, 3, 4, 6, 7, 8].contains(index)
    var layer = LayerSummary(
      id: name, path: path,
      title: isConvolution ? "Conv+Clip" : index == 11 ? "Gemm" : path.last ?? "",
      operatorType: isConvolution ? "Conv" : index == 11 ? "Gemm" : "Op", role: .quantizable,
      inputEdges: [index == 0 ? "input" : names[index - 1] + "_output"],
      outputEdge: name + "_output", outputShape: "1×32×32×32")
    if isConvolution || index == 11 {
      layer.weightShape = "32×16×3×3"
      layer.parameterCount = 4608
      layer.multiplyAccumulates = 480_000
      layer.share = 0.111
    }
    if index == 10 { layer.role = .passThrough }
    if index == 12 { layer.role = .float(reason: "no int8 kernel for Softmax") }
    return layer
  }

  private static func evaluation(_ index: Int, _ layer: LayerSummary) -> LayerEvaluation {
    var evaluation = LayerEvaluation(
      layer: layer.id, qconfig: Target.x86.fallback, shortForm: "u7a/hist s8s/ch")
    if case .float = layer.role { evaluation.qconfig.precision = .float32 }
    evaluation.activation = range("histogram", upper: 6 - Float(index) / 4)
    if layer.hasWeights {
      evaluation.weightDecibels = 44 - Double(index) * 2
      evaluation.weightScale = 0.0012...0.0051
    }
    return evaluation
  }

  static let gates = zip(["i", "o", "f", "c"], [1, 2, 3, 4] as [Float]).map { name, size in
    LayerDetail.Gate(
      name: name,
      input: LayerDetail.Gate.Part(
        range: -size...size / 2, scales: size / 255...size / 127, decibels: 35 - Double(size) * 4),
      recurrence: LayerDetail.Gate.Part(
        range: -size / 4...size / 8, scales: 0.008...0.008, decibels: 41))
  }

  private static func range(_ observer: String, upper: Float) -> RangeSummary {
    RangeSummary(
      observer: observer, lower: 0, upper: upper, scale: upper / 127, zeroPoint: 0,
      clippedShare: 0.0004, decibels: 41 - Double(upper), roundingShare: 0.93)
  }

  private static func detail(_ layer: String) -> LayerDetail {
    var detail = LayerDetail(
      layer: layer, activationHistogram: histogram, weightHistogram: histogram,
      channelRanges: (0..<32).map { -0.1 * Float($0 % 7 + 1)...0.08 * Float($0 % 5 + 1) },
      observers: ["minMax", "movingAverage", "histogram", "percentile(99.99)", "entropy", "mse"]
        .enumerated().map { range($1, upper: 6 - Float($0) / 3) }, chosenObserver: "histogram",
      provenance: ["weight.granularity perChannel: target x86", "activation.observer histogram"],
      observedCount: 8_388_608)
    detail.boundaries = [
      LayerDetail.Boundary(
        edge: "input", isInput: true, form: .codes(type: "quint8"),
        range: range("histogram", upper: 6), note: "input of the model, rounded"),
      LayerDetail.Boundary(
        edge: layer + "_output", isInput: false, form: .codes(type: "quint8"),
        range: range("histogram", upper: 5.5),
        note: "kept real for its readers, from rule 1 (tensor=\(layer)_output)"),
    ]
    detail.operators = ["Conv", "BatchNormalization", "Clip"]
    return detail
  }

  private static var histogram: HistogramSummary {
    HistogramSummary(
      counts: (0..<128).map { 1e6 * exp(-Double($0) / 12) }, lower: 0, upper: 6.2)
  }

  private static func live(_ edge: String) -> LiveTensor {
    LiveTensor(
      edge: edge, histogram: histogram, range: range("histogram", upper: 5.5),
      batchRanges: (0..<32).map { 0...Float(4 + $0 % 3) }, lastBatch: 0...5.1, wholeRun: 0...6,
      stableSince: 9)
  }
}
