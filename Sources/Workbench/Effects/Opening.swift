import Foundation
import Quantization
import Sessions
package import Tensors

/// A shape that fixes a model's open dimensions.
package typealias HostShape = Shape

/// Opens a model or a session, and looks for work that was never saved.
package struct Opening: Sendable {
  package let path: String
  package let options: HostOptions
  package let shapes: [String: Shape]
  package let folder: StateFolder

  package struct Opened: Sendable {
    package var workspace: Workspace
    package var project: OpenedProject
    /// Unsaved work of an earlier run.
    package var recovery: (path: String, description: String)?
  }

  package init(
    path: String, options: HostOptions, shapes: [String: Shape] = [:], folder: StateFolder
  ) {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    self.options = options
    self.shapes = shapes
    self.folder = folder
  }

  /// - Parameter recovering: reads the autosave instead of the session.
  package func open(recovering: Bool = false) throws -> Opened {
    let isUnnamed = folder.holds(path)
    guard recovering || FileManager.default.fileExists(atPath: path) else {
      throw WorkbenchError.noFile(path)
    }
    if path.hasSuffix(".json") || recovering {
      let file = SessionFile(path: path)
      let session = try recovering ? file.readAutosave() : file.read()
      return try open(
        session, sessionPath: isUnnamed ? nil : path, isRecovered: recovering,
        recovery: !recovering && file.hasAutosave ? path : nil)
    }
    let project = try Project(path: path, options: options, shapes: shapes)
    let unnamed = folder.unnamedSession(for: project)
    var opened = OpenedProject(
      project: try project.summary(), recipe: Recipe(target: .x86))
    opened.log = [LogEntry(.command, "octet inspect \(shellQuoted(path))")]
    return Opened(
      workspace: Workspace(project: project), project: opened,
      recovery: SessionFile(path: unnamed).hasAutosave ? recovery(unnamed) : nil)
  }

  private func recovery(_ path: String) -> (path: String, description: String) {
    let file = SessionFile(path: path)
    let changed =
      (try? FileManager.default.attributesOfItem(atPath: file.autosavePath)[.modificationDate])
      as? Date
    let when = changed.map { " from \(Self.stamp.string(from: $0))" } ?? ""
    let training = (try? file.readAutosave())?.unfinishedTraining
    return (
      path,
      "Changes\(when) were never saved: octet ended without asking."
        + (training == nil ? "" : " A training was under way, which can go on.")
    )
  }

  private static var stamp: DateFormatter {
    let formatter = DateFormatter()
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return formatter
  }

  private func open(
    _ session: Session, sessionPath: String?, isRecovered: Bool, recovery recoverable: String?
  ) throws -> Opened {
    let workspace = try Workspace(session, at: path, options: options)
    let project = workspace.project
    var opened = OpenedProject(project: try project.summary(), recipe: session.recipe)
    opened.sessionPath = sessionPath
    opened.isRecovered = isRecovered
    opened.calibration = workspace.calibrationSummary
    opened.errors = session.errors
    opened.benchmark = session.benchmark
    opened.log = session.log
    opened.trainings = session.keptTrainings(at: path)
    opened.unfinishedTraining = session.unfinishedTraining?.placing { absolute($0, from: path) }
    if let request = session.dataRequest(at: path) {
      opened.preprocessing = request.preprocessing
      opened.batchSize = request.batchSize
      opened.limit = request.limit
      opened.states = request.states
      opened.mapping = request.mapping
      opened.labels = request.labels
      opened.seed = request.seed
      do {
        opened.data = try project.describe(try project.dataset(request), request: request)
      } catch {
        opened.project.notes.append("The session's data cannot be read: \(error)")
      }
    }
    return Opened(
      workspace: workspace, project: opened, recovery: recoverable.map(recovery))
  }
}

extension StateFolder {
  func unnamedSession(for project: Project) -> String {
    unnamedSession(model: project.name, digest: project.digest)
  }
}
