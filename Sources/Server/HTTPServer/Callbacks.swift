// The functions libmicrohttpd calls. They stand in a file of their own, and never in main.swift: there
// they would be inferred @MainActor and trap on the library's threads.

import CMicrohttpd
import Glibc
import Synchronization

enum Callbacks {
    /// The request line is read: the exchange begins, with the target as it was sent. (Later the library
    /// hands out the path alone, percent-decoded, which no MAC could cover.)
    static let requestLine:
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) ->
            UnsafeMutableRawPointer? = { closure, uri, connection in
                guard let server = server(closure), let uri, let connection else { return nil }
                let exchange = Exchange(
                    target: String(cString: uri), connection: connection, inFlight: server.inFlight,
                    buffered: server.buffered)
                return Unmanaged.passRetained(exchange).toOpaque()
            }

    /// Called once with the head, then for each piece of the body, then once more when all is there,
    /// and again after a suspended connection was resumed.
    static let access: MHD_AccessHandlerCallback = {
        closure, connection, _, method, _, upload, uploadSize, context in
        guard let server = server(closure), let connection, let method, let uploadSize,
            let exchange = exchange(context)
        else { return .NO }
        if exchange.clock == nil {
            return server.receiveHead(exchange, connection, method)
        }
        if uploadSize.pointee > 0 {
            defer { uploadSize.pointee = 0 }
            return server.receiveBody(exchange, upload, uploadSize.pointee)
        }
        return server.respond(exchange, connection, method)
    }

    static let completed: MHD_RequestCompletedCallback = { _, _, context, _ in
        guard let pointer = context?.pointee else { return }
        context?.pointee = nil
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
        exchange.clock?.restart()
        exchange.complete()
    }

    static let connection: MHD_NotifyConnectionCallback = { closure, connection, context, event in
        guard let server = server(closure), let connection, let context else { return }
        if event == .CONNECTION_NOTIFY_STARTED {
            let clock = ConnectionClock(descriptor: cmicrohttpd_descriptor(connection))
            server.slow.add(clock)
            context.pointee = Unmanaged.passRetained(clock).toOpaque()
        } else if let pointer = context.pointee {
            context.pointee = nil
            server.slow.remove(Unmanaged<ConnectionClock>.fromOpaque(pointer).takeRetainedValue())
        }
    }

    private static func server(_ closure: UnsafeMutableRawPointer?) -> MicroServer? {
        closure.map { Unmanaged<MicroServer>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func exchange(
        _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Exchange? {
        context?.pointee.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }
}
