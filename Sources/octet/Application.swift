import Cells
import Dispatch
import Foundation
import Screens
import TerminalIO
import Workbench

/// Keys in, screens out: the loop around the workbench's state.
@MainActor final class Application: EffectSurface {
  private var state = WorkbenchState()
  private let terminal: any Terminal
  private var theme: Theme
  private var runner: EffectRunner?
  private var isDrawScheduled = false
  private var spinner: (any DispatchSourceTimer)?
  private var frame = 0

  init(terminal: any Terminal, theme: Theme) {
    self.terminal = terminal
    self.theme = theme
  }

  func start(
    opening file: String?, options: HostOptions, shapes: [String: HostShape], folder: StateFolder,
    samples: [String]
  ) {
    let runner = EffectRunner(
      options: options, folder: folder, samples: samples, shapes: shapes, surface: self
    ) { [weak self] action in self?.apply(action) }
    self.runner = runner
    apply(.resized(width: terminal.size.width, height: terminal.size.height))
    for note in terminal.notes { state.say(note, .warning) }
    runner.run([.listRecent])
    if let file { apply(.openModel(file)) }
    terminal.start { [weak self] key in self?.press(key) }
    draw()
  }

  private func press(_ key: Key) {
    if key == .control("z") { return terminal.suspend() }
    guard let action = KeyMap.action(for: key, in: state) else { return }
    apply(action)
  }

  private func apply(_ action: Action) {
    let before = state
    let effects = state.update(action)
    runner?.run(effects)
    if state != before { scheduleDraw() }
    spin()
  }

  /// Several changes in one turn of the loop become one drawing.
  private func scheduleDraw() {
    guard !isDrawScheduled else { return }
    isDrawScheduled = true
    DispatchQueue.main.async { MainActor.assumeIsolated { self.draw() } }
  }

  private func draw() {
    isDrawScheduled = false
    terminal.present(
      Screen.render(state, glyphs: terminal.glyphs, frame: frame), theme: theme)
  }

  /// Turns while a job runs, and only then: an idle workbench costs nothing.
  private func spin() {
    let isRunning = state.job.map { !$0.isPaused } ?? false
    if isRunning, spinner == nil {
      let timer = DispatchSource.makeTimerSource(queue: .main)
      timer.schedule(deadline: .now() + .milliseconds(120), repeating: .milliseconds(120))
      timer.setEventHandler { [weak self] in
        MainActor.assumeIsolated {
          guard let self else { return }
          self.frame += 1
          self.scheduleDraw()
        }
      }
      timer.activate()
      spinner = timer
    } else if !isRunning, let timer = spinner {
      timer.cancel()
      spinner = nil
    }
  }

  func copy(_ text: String) { terminal.copy(text) }

  func setTheme(_ name: String) -> String? {
    do {
      theme = try ThemeFolders.theme(name)
      terminal.redraw()
      scheduleDraw()
      return nil
    } catch {
      return "\(error)"
    }
  }

  func redraw() {
    terminal.redraw()
    scheduleDraw()
  }

  func quit() {
    terminal.close()
    exit(0)
  }
}
