import Sessions

extension WorkbenchState {
  /// Moves about: tabs, lists, panes. Changes nothing that a session keeps.
  mutating func navigate(_ action: Action) -> [Effect] {
    switch action {
    case .resized(let width, let height):
      self.width = width
      self.height = height
      clampCursors()
    case .selectTab(let tab):
      self.tab = tab
    case .cycleTab(let step):
      let count = Tab.allCases.count
      tab = Tab(rawValue: ((tab.rawValue + step) % count + count) % count) ?? .layers
    case .move(let motion):
      return move(motion)
    case .selectRow(let index):
      return select(row: index)
    case .enter:
      return enter()
    case .back:
      return back()
    case .toggleMark:
      return toggleMark()
    case .toggleAllMarks:
      guard let project, tab == .layers else { return [] }
      let visible = project.layers.filter(layers.matches).map(\.id)
      layers.marks = layers.marks.isSuperset(of: visible) ? [] : Set(visible)
    case .cycleScope:
      layers.scope = next(after: layers.scope)
    case .cycleSide where tab == .errors:
      errors.focus = errors.focus == .layers ? .advice : .layers
    case .cycleSide where tab == .train:
      train.focus = train.focus == .layers ? .options : .layers
    case .cycleSide:
      layers.side = layers.side == .activation ? .weight : .activation
    case .cycleSort:
      cycleSort()
    case .reverseSort:
      reverseSort()
    case .toggleArrangement:
      layers.arrangement = layers.arrangement == .tree ? .list : .tree
      layers.cursor = ListCursor()
      return refreshDetail()
    case .cycleDetailPage(let step):
      let count = LayersFeature.DetailPage.allCases.count
      let raw = ((layers.page.rawValue + step) % count + count) % count
      layers.page = LayersFeature.DetailPage(rawValue: raw) ?? .activation
      return layers.page == .graph ? refreshDetail() : []
    case .jumpToLayer:
      return jumpToSelectedLayer()
    case .jumpToWorstLayer:
      return jumpToWorstLayer()
    case .copy:
      return copySelection()
    case .redraw:
      return [.redraw]
    case .setTheme(let name):
      return [.setTheme(name)]
    default:
      break
    }
    return []
  }

  private func next<Choice: CaseIterable & Equatable>(after choice: Choice) -> Choice {
    let all = Array(Choice.allCases)
    guard let index = all.firstIndex(of: choice) else { return choice }
    return all[(index + 1) % all.count]
  }

  private mutating func cycleSort() {
    switch tab {
    case .layers: layers.sort = next(after: layers.sort)
    case .errors: errors.sort = next(after: errors.sort)
    case .benchmark: benchmark.sort = next(after: benchmark.sort)
    case .calibrate, .train, .log: break
    }
  }

  private mutating func reverseSort() {
    switch tab {
    case .layers: layers.isReversed.toggle()
    case .errors: errors.isReversed.toggle()
    case .benchmark: benchmark.isReversed.toggle()
    case .calibrate, .train, .log: break
    }
  }

  /// How many rows the list that has the keys holds.
  package var rowCount: Int {
    guard let project else { return recent.count }
    return switch tab {
    case .layers: layers.rows(of: project.layers).count
    case .calibrate: calibrate.watched.count
    case .errors:
      errors.focus == .layers ? errors.rows.count : errors.report?.advice.count ?? 0
    case .benchmark: benchmark.report?.rows.count ?? 0
    case .train:
      train.focus == .options
        ? TrainFeature.Option.allCases.count : train.progress?.drift.count ?? 0
    case .log: log.entries.count
    }
  }

  private mutating func withCursor(_ change: (inout ListCursor, Int, Int) -> Void) {
    let count = rowCount
    let visible = visibleRows
    guard project != nil else { return change(&chooserCursor, count, visible) }
    switch tab {
    case .layers: change(&layers.cursor, count, visible)
    case .calibrate: change(&calibrate.cursor, count, visible)
    case .errors:
      if errors.focus == .layers {
        change(&errors.cursor, count, visible)
      } else {
        change(&errors.adviceCursor, count, visible)
      }
    case .benchmark: change(&benchmark.cursor, count, visible)
    case .train:
      if train.focus == .options {
        change(&train.cursor, count, visible)
      } else {
        change(&train.driftCursor, count, visible)
      }
    case .log: change(&log.cursor, count, visible)
    }
  }

  mutating func clampCursors() {
    withCursor { $0.clamp(count: $1, visible: $2) }
  }

  private mutating func move(_ motion: ListCursor.Motion) -> [Effect] {
    switch overlay {
    case .help(let scroll):
      let step =
        switch motion {
        case .up: -1
        case .down: 1
        case .pageUp, .halfPageUp: -10
        case .pageDown, .halfPageDown: 10
        case .top: -scroll
        case .bottom: 1_000
        }
      overlay = .help(scroll: max(scroll + step, 0))
      return []
    case .palette(let input, var cursor):
      cursor.move(motion, count: WorkbenchCommand.matching(input.text).count, visible: 10)
      overlay = .palette(input, cursor)
      return []
    default:
      withCursor { $0.move(motion, count: $1, visible: $2) }
      return project != nil && tab == .layers ? refreshDetail() : []
    }
  }

  private mutating func select(row: Int) -> [Effect] {
    withCursor { $0.select(row, count: $1, visible: $2) }
    return project != nil && tab == .layers ? refreshDetail() : []
  }

  private mutating func enter() -> [Effect] {
    guard let project else {
      guard recent.indices.contains(chooserCursor.selected) else { return [] }
      return work(.openModel(recent[chooserCursor.selected].path))
    }
    switch tab {
    case .layers:
      let rows = layers.rows(of: project.layers)
      guard rows.indices.contains(layers.cursor.selected) else { return [] }
      if case .scope(let path, _, _, let isFolded, _) = rows[layers.cursor.selected] {
        if isFolded { layers.folded.remove(path) } else { layers.folded.insert(path) }
      } else {
        layers.isDetailOpen = true
      }
      return []
    case .errors where errors.focus == .advice:
      return changeRecipe(.applyAdvice)
    case .errors, .benchmark:
      return jumpToSelectedLayer()
    case .train where train.focus == .options:
      return train(.askForTrainingOption)
    case .train:
      return jumpToSelectedLayer()
    case .calibrate, .log:
      return []
    }
  }

  private mutating func back() -> [Effect] {
    if overlay != nil {
      overlay = nil
    } else if tab == .layers, layers.isDetailOpen {
      layers.isDetailOpen = false
    } else if tab == .errors, errors.focus == .advice {
      errors.focus = .layers
    } else if tab == .layers, !layers.filter.isEmpty {
      layers.filter = ""
      layers.cursor = ListCursor()
      return refreshDetail()
    } else if tab == .layers, !layers.marks.isEmpty {
      layers.marks = []
    }
    return []
  }

  private mutating func toggleMark() -> [Effect] {
    guard tab == .layers, let project else { return [] }
    if let scope = selectedScope {
      let ids = layers.layers(inScope: scope, of: project.layers).filter(layers.matches).map(\.id)
      let isMarked = layers.marks.isSuperset(of: ids)
      layers.marks = isMarked ? layers.marks.subtracting(ids) : layers.marks.union(ids)
      return move(.down)
    }
    guard let layer = selectedLayer else { return [] }
    if layers.marks.remove(layer.id) == nil { layers.marks.insert(layer.id) }
    return move(.down)
  }

  /// Shows a layer in the Layers tab, whatever filter or folding hid it.
  mutating func reveal(_ id: String) -> [Effect] {
    guard let project else { return [] }
    tab = .layers
    layers.filter = ""
    layers.folded = []
    let rows = layers.rows(of: project.layers)
    guard
      let index = rows.firstIndex(where: {
        if case .layer(let layer, _) = $0 { project.layers[layer].id == id } else { false }
      })
    else { return [] }
    layers.cursor.select(index, count: rows.count, visible: visibleRows)
    return refreshDetail()
  }

  private mutating func jumpToSelectedLayer() -> [Effect] {
    switch tab {
    case .errors:
      return errors.selected.map { reveal($0.id) } ?? []
    case .benchmark:
      let rows = benchmark.rows(errors: localErrors)
      guard rows.indices.contains(benchmark.cursor.selected) else { return [] }
      return reveal(rows[benchmark.cursor.selected].id)
    case .calibrate:
      guard let project, calibrate.watched.indices.contains(calibrate.cursor.selected) else {
        return []
      }
      let edge = calibrate.watched[calibrate.cursor.selected]
      return project.layers.first { $0.outputEdge == edge }.map { reveal($0.id) } ?? []
    case .train:
      let drift = train.progress?.drift ?? []
      guard drift.indices.contains(train.driftCursor.selected) else { return [] }
      return reveal(drift[train.driftCursor.selected].layer)
    case .layers, .log:
      return []
    }
  }

  /// Local SQNR by layer, decibels, as far as it was measured.
  package var localErrors: [String: Double] {
    Dictionary(
      (errors.report?.rows ?? []).compactMap { row in row.localDecibels.map { (row.id, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  private mutating func jumpToWorstLayer() -> [Effect] {
    guard let project else { return [] }
    let measured = localErrors.filter { layers.evaluations[$0.key]?.isFloat != true }
    if let worst = measured.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
      say("Worst layer by local SQNR: \(worst.key), \(Numbers.decibelText(worst.value)).")
      return reveal(worst.key)
    }
    let predicted = project.layers.compactMap { layer in
      layers.evaluations[layer.id].flatMap { evaluation in
        [evaluation.activation?.decibels, evaluation.weightDecibels].compactMap(\.self).min()
      }.map { (layer.id, $0) }
    }
    guard let worst = predicted.min(by: { $0.1 < $1.1 }) else {
      say("Calibrate first: nothing is known of the layers yet.", .warning)
      return []
    }
    say("Worst layer by predicted SQNR: \(worst.0), \(Numbers.decibelText(worst.1)).")
    return reveal(worst.0)
  }

  private mutating func copySelection() -> [Effect] {
    switch tab {
    case .log:
      guard log.entries.indices.contains(log.cursor.selected) else { return [] }
      say("Copied to the clipboard.")
      return [.copy(log.entries[log.cursor.selected].text)]
    case .errors:
      guard let row = errors.selected else { return [] }
      say("Copied \(row.id) to the clipboard.")
      return [.copy(row.id)]
    case .layers:
      guard let layer = selectedLayer else { return [] }
      say("Copied \(layer.id) to the clipboard.")
      return [.copy(layer.id)]
    case .calibrate, .benchmark, .train:
      return []
    }
  }
}
