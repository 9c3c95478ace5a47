// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import com.google.protobuf.ByteString;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.TlsContexts;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.error.Failure;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.wire.proto.Wire;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** A peer that is trusted, and does with the protocol what it likes. */
final class RawPeer implements AutoCloseable {
    static final int VERSION = 2;

    static final int HELLO = 1;
    static final int OFFER = 2;
    static final int ACCEPT = 3;
    static final int REFUSE = 4;
    static final int DATA = 5;
    static final int COMPLETE = 6;
    static final int RESTORED = 7;
    static final int COMMIT = 8;
    static final int RESUMED = 9;
    static final int ABORT = 10;
    static final int HEARTBEAT = 11;
    static final int CARD = 12;
    static final int ACK = 15;
    static final int REJOIN = 16;
    static final int REJOINED = 17;
    static final int WAITING = 18;
    static final int READY = 19;

    final Socket raw;
    final SSLSocket tls;
    final DataInputStream in;
    final DataOutputStream out;

    private RawPeer(Socket raw, boolean client, HostIdentity self, TrustedNodes trusted, String... protocols)
            throws IOException {
        this.raw = raw;
        tls = (SSLSocket) TlsContexts.of(self, trusted).getSocketFactory().createSocket(raw, "", 0, true);
        SSLParameters parameters = TlsContexts.parameters();
        parameters.setApplicationProtocols(protocols);
        tls.setSSLParameters(parameters);
        tls.setUseClientMode(client);
        tls.setSoTimeout(10_000);
        tls.startHandshake();
        in = new DataInputStream(tls.getInputStream());
        out = new DataOutputStream(tls.getOutputStream());
    }

    /** A source. */
    static RawPeer connect(int port, HostIdentity self, Fingerprint trusted) throws IOException {
        return new RawPeer(new Socket("127.0.0.1", port), true, self, TrustedNodes.of(Set.of(trusted)));
    }

    /** Somebody who asks for an introduction. */
    static RawPeer meet(int port, HostIdentity self) throws IOException {
        return new RawPeer(new Socket("127.0.0.1", port), true, self, any -> true, "vmmig-introduction/2");
    }

    /** Whom somebody asks for an introduction. */
    static RawPeer beMet(ServerSocket server, HostIdentity self) throws IOException {
        return new RawPeer(server.accept(), false, self, any -> true, "vmmig-introduction/2");
    }

    /** Anybody, whoever answers. */
    static RawPeer connect(int port, HostIdentity self, String... protocols) throws IOException {
        return new RawPeer(new Socket("127.0.0.1", port), true, self, any -> true, protocols);
    }

    /** A destination for anybody. */
    static RawPeer accept(ServerSocket server, HostIdentity self, String... protocols) throws IOException {
        return new RawPeer(server.accept(), false, self, any -> true, protocols);
    }

    /** A destination. */
    static RawPeer accept(ServerSocket server, HostIdentity self, Fingerprint trusted) throws IOException {
        return new RawPeer(server.accept(), false, self, TrustedNodes.of(Set.of(trusted)));
    }

    static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    RawPeer preamble(int version) throws IOException {
        byte[] theirs = new byte[7];
        out.write("vmmig".getBytes(StandardCharsets.US_ASCII));
        out.writeShort(version);
        out.flush();
        in.readFully(theirs);
        return this;
    }

    /** Preamble and hello. */
    RawPeer greet() throws IOException {
        preamble(VERSION);
        return send(HELLO, Wire.Hello.newBuilder().setIdleTimeoutMs(400).build().toByteArray());
    }

    /** Preamble, and a hello of somebody who takes up connections again. */
    RawPeer greetResumable(byte... sessionId) throws IOException {
        preamble(VERSION);
        return send(
                HELLO,
                Wire.Hello.newBuilder()
                        .setIdleTimeoutMs(20_000)
                        .setResumption(Wire.Resumption.newBuilder()
                                .setWithinMs(20_000)
                                .setSessionId(com.google.protobuf.ByteString.copyFrom(sessionId)))
                        .build()
                        .toByteArray());
    }

    /** Says that it goes on with a session, without a preamble. */
    RawPeer rejoin(byte[] sessionId, long attempt, long received) throws IOException {
        return rejoin(sessionId, attempt, received, false);
    }

    /** Says that it has ended a session, and why, without a preamble. */
    RawPeer abandon(byte[] sessionId, Failure why) throws IOException {
        return rejoin(sessionId, 0, 0, true)
                .send(
                        ABORT,
                        Wire.Abort.newBuilder()
                                .setFailure(Wire.Failure.newBuilder()
                                        .setProblem(why.problem().name())
                                        .setWhat(why.what()))
                                .build()
                                .toByteArray());
    }

    private RawPeer rejoin(byte[] sessionId, long attempt, long received, boolean ended) throws IOException {
        return send(
                REJOIN,
                Wire.Rejoin.newBuilder()
                        .setSessionId(com.google.protobuf.ByteString.copyFrom(sessionId))
                        .setAttempt(attempt)
                        .setReceived(received)
                        .setEnded(ended)
                        .build()
                        .toByteArray());
    }

    RawPeer ack(long received) throws IOException {
        return send(ACK, Wire.Ack.newBuilder().setReceived(received).build().toByteArray());
    }

    RawPeer send(int kind, byte... payload) throws IOException {
        return sendHeader(kind, payload.length, payload);
    }

    synchronized RawPeer sendHeader(int kind, int length, byte... payload) throws IOException {
        out.writeByte(kind);
        out.writeInt(length);
        out.write(payload);
        out.flush();
        return this;
    }

    RawPeer offer() throws IOException {
        return send(
                OFFER,
                Wire.Offer.newBuilder()
                        .setManifest(ByteString.copyFrom(Samples.manifest().toJson()))
                        .setDomainXml(Samples.XML)
                        .setGuest(ByteString.copyFrom(Samples.offer().guest().toJson()))
                        .build()
                        .toByteArray());
    }

    RawPeer waiting(long total) throws IOException {
        return send(
                WAITING, Wire.Waiting.newBuilder().setTotalBytes(total).build().toByteArray());
    }

    RawPeer complete(long total) throws IOException {
        return send(
                COMPLETE,
                Wire.Complete.newBuilder().setTotalBytes(total).build().toByteArray());
    }

    RawPeer card(NodeCard card, byte[] challenge) throws IOException {
        return send(
                CARD,
                Wire.Card.newBuilder()
                        .setText(card.text())
                        .setChallenge(ByteString.copyFrom(challenge))
                        .build()
                        .toByteArray());
    }

    /** The payload of the next frame of that kind; others are passed over. */
    byte[] await(int kind) throws IOException {
        while (true) {
            int got = in.readUnsignedByte();
            byte[] payload = new byte[in.readInt()];
            in.readFully(payload);
            if (got == kind) {
                return payload;
            }
        }
    }

    @Override
    public void close() throws IOException {
        raw.close();
    }
}
