// A device's request whose sender is known, and its reply, which carries a MAC over what it says.

import Digest
import Model
import Wire

public struct DeviceReply: Sendable {
    public var status: Int
    public var retryAfterS: Int?
    public var contentType: String?
    public var body: [UInt8]
    /// Over all of the above but the content type; nil where the sender isn't known.
    public var mac: Digest32?
}

public struct DeviceCall: Sendable {
    public let device: KnownDevice
    public let request: RequestMAC
    private let sink: @Sendable (DeviceReply) -> Void

    /// Who sent it: nil where the header is missing or ill-formed, the device unknown, or the MAC wrong.
    public init?(
        registry: Registry, method: String, target: String, authorization: String?, body: [UInt8],
        sink: @escaping @Sendable (DeviceReply) -> Void
    ) {
        guard let authorization, let request = RequestMAC(header: authorization),
            let device = registry.device(request.device),
            request.isValid(key: device.reportKey, method: method, path: target, body: body)
        else { return nil }
        self.device = device
        self.request = request
        self.sink = sink
    }

    public func reply(
        _ status: Int, _ body: [UInt8] = [], contentType: String? = nil, retryAfterS: Int? = nil
    ) {
        let mac = ReplyMAC.compute(
            key: device.reportKey, request: request, status: status, retryAfterS: retryAfterS,
            body: body)
        sink(
            DeviceReply(
                status: status, retryAfterS: retryAfterS, contentType: contentType, body: body,
                mac: mac))
    }

    /// A refusal a person can read in the device's log.
    public func refuse(
        _ status: Int, code: String, _ detail: String, retryAfterS: Int? = nil
    ) {
        reply(
            status, Problem(status: status, code: code, detail: detail).json,
            contentType: Problem.contentType, retryAfterS: retryAfterS)
    }
}
