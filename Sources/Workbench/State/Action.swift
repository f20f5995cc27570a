package import Quantization

/// Everything that can happen to the workbench: what a person asks for, and what effects report.
package enum Action: Equatable, Sendable {
  case resized(width: Int, height: Int)

  case selectTab(Tab)
  case cycleTab(by: Int)
  case move(ListCursor.Motion)
  /// Selects the row at this index of the current list.
  case selectRow(Int)
  case enter
  case back

  case startFilter
  case startCommand
  case openPalette
  case openHelp
  case text(EditedLine.Edit)
  case submitText
  case completeText
  case answer(Confirmation.Answer)

  case toggleMark
  case toggleAllMarks
  case cycleScope
  case cycleSide
  case cycleSort
  case reverseSort
  case toggleArrangement
  case cycleDetailPage(by: Int)

  case edit(RecipeEdit)
  case clipByHand
  /// Lets all that reads the outputs of the selection take reals, or codes again.
  case toggleReal
  /// Quantizes nothing but what the edit scope covers, or a module by name.
  case quantizeOnly(module: String?)
  case setTarget(Target)
  case setRule(Rule)
  case undo
  case redo

  case openModel(String)
  /// Asks for the path of calibration data.
  case askForData
  case chooseData(String)
  case setPreprocessing(String)
  case setBatchSize(Int)
  case setLimit(Int?)
  /// `state=stateN` for every output that the next step takes as an input.
  case setStates([String])
  case setThreads(Int)
  case setTheme(String)

  case startCalibration
  case togglePause
  case stepBatch
  case cancelJob
  case toggleWatch
  case analyseErrors
  case runSensitivity
  case applyAdvice
  case keepFloat
  case jumpToLayer
  case jumpToWorstLayer
  case convert
  case startTraining
  /// Ends a training early, with what it has.
  case stopTraining
  case keepTraining
  case discardTraining
  /// Asks for a value of the selected option.
  case askForTrainingOption
  case adjustTraining(by: Int)
  case setTraining(TrainFeature.Option, String)
  case runBenchmark
  /// `nil` asks for the path.
  case export(path: String?)
  case save(path: String?)
  case copy
  case redraw
  case quit

  case event(Event)
}

/// A change to the qconfig of whatever the edit scope covers.
package enum RecipeEdit: Equatable, Sendable {
  case toggleGranularity
  case toggleSymmetry
  case cycleObserver(by: Int)
  case togglePrecision
  /// The next way to quantize: static, dynamic, weights only.
  case cyclePrecision
  case toggleReducedRange
  case toggleType
  case clip(lower: Float, upper: Float)
  /// Makes each operator of a layer a layer of its own, or one layer of them again.
  case toggleFusion
  /// Takes the rules of the scope away.
  case reset
}

package enum Tab: Int, CaseIterable, Equatable, Sendable {
  case layers, calibrate, errors, benchmark, train, log

  package var title: String {
    switch self {
    case .layers: "Layers"
    case .calibrate: "Calibrate"
    case .errors: "Errors"
    case .benchmark: "Benchmark"
    case .train: "Train"
    case .log: "Log"
    }
  }
}
