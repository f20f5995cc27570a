extension WorkbenchState {
  /// The one way the state changes. Total: any action in any phase is fine.
  /// - Returns: what the world must do, in order.
  package mutating func update(_ action: Action) -> [Effect] {
    if case .event(let event) = action { return receive(event) }
    message = nil
    switch action {
    case .resized, .selectTab, .cycleTab, .move, .selectRow, .enter, .back, .toggleMark,
      .toggleAllMarks, .cycleScope, .cycleSide, .cycleSort, .reverseSort, .toggleArrangement,
      .cycleDetailPage, .jumpToLayer, .jumpToWorstLayer, .redraw, .copy, .setTheme:
      return navigate(action)
    case .startFilter, .startCommand, .openPalette, .openHelp, .text, .submitText, .completeText,
      .answer:
      return converse(action)
    case .edit, .clipByHand, .toggleReal, .quantizeOnly, .setTarget, .setRule, .undo, .redo,
      .applyAdvice, .keepFloat:
      return changeRecipe(action)
    case .startTraining, .stopTraining, .keepTraining, .discardTraining, .askForTrainingOption,
      .adjustTraining, .setTraining:
      return train(action)
    case .openModel, .askForData, .chooseData, .setPreprocessing, .setBatchSize, .setLimit,
      .setStates,
      .setThreads,
      .startCalibration, .togglePause, .stepBatch, .cancelJob, .toggleWatch, .analyseErrors,
      .runSensitivity, .convert, .runBenchmark, .export, .save, .quit:
      return work(action)
    case .event:
      return []
    }
  }

  /// What the session file holds of this state.
  package var sessionContent: SessionContent {
    var content = SessionContent(
      recipe: recipe, data: calibrate.data == nil ? nil : dataRequest, errors: errors.report,
      benchmark: benchmark.report, log: log.entries)
    content.trainings = trainings
    content.unfinishedTraining = train.record
    return content
  }

  package var dataRequest: DataRequest {
    var request = DataRequest(
      path: calibrate.requestedPath ?? "",
      preprocessing: calibrate.preprocessing, batchSize: calibrate.batchSize,
      limit: calibrate.limit, states: calibrate.states)
    request.mapping = calibrate.mapping
    request.labels = calibrate.labels
    request.seed = calibrate.seed
    return request
  }

  /// Marks the session unsaved and asks for an autosave.
  mutating func changed() -> [Effect] {
    isUnsaved = true
    hasChangedSinceSave = true
    return [.autosave(sessionPath: sessionPath, sessionContent)]
  }

  /// Asks for everything that depends on recipe or statistics.
  mutating func reevaluate() -> [Effect] {
    generation += 1
    return [.evaluate(generation: generation, recipe)] + refreshDetail()
  }

  /// Asks for the detail of the selected layer, unless it is already shown.
  func refreshDetail() -> [Effect] {
    guard let layer = selectedLayer else { return [] }
    let detail = Effect.detail(generation: generation, layer: layer.id, recipe)
    // Only this page needs a conversion.
    return layers.page == .graph
      ? [detail, .outline(generation: generation, layer: layer.id, recipe)] : [detail]
  }
}
