// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.content.Digest;
import io.vmmig.crypto.Acquaintance;
import io.vmmig.crypto.NodeCard;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.wire.proto.Wire;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Encodes and decodes the payloads of control frames. */
final class Messages {
    private static final Pattern PACKAGE_ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private Messages() {}

    /**
     * The first frame of a session.
     *
     * @param idle after how much silence the peer considers this host dead
     * @param resumption whether and how the peer resumes connections
     */
    record Hello(Duration idle, @Nullable Resumption resumption) {}

    static byte[] hello(Hello hello) {
        Wire.Hello.Builder message = Wire.Hello.newBuilder().setIdleTimeoutMs(millis(hello.idle()));
        Resumption resumption = hello.resumption();
        if (resumption != null) {
            Wire.Resumption.Builder ours = Wire.Resumption.newBuilder().setWithinMs(millis(resumption.within()));
            if (resumption.id() != null) {
                ours.setSessionId(ByteString.copyFrom(resumption.id().bytes()));
            }
            message.setResumption(ours);
        }
        return message.build().toByteArray();
    }

    private static int millis(Duration duration) {
        return (int) Math.min(duration.toMillis(), Integer.MAX_VALUE);
    }

    static Hello readHello(byte[] payload) throws VmmigException {
        Wire.Hello hello = parse(Wire.Hello.parser(), payload);
        Wire.Resumption theirs = hello.getResumption();
        SessionId id = theirs.getSessionId().isEmpty()
                ? null
                : SessionId.of(theirs.getSessionId().toByteArray());
        Duration within = Duration.ofMillis(Integer.toUnsignedLong(theirs.getWithinMs()));
        return new Hello(
                Duration.ofMillis(Integer.toUnsignedLong(hello.getIdleTimeoutMs())),
                within.isZero() ? null : new Resumption(within, id));
    }

    static byte[] ack(long received) {
        return Wire.Ack.newBuilder().setReceived(received).build().toByteArray();
    }

    static long readAck(byte[] payload) throws TransportException {
        return parse(Wire.Ack.parser(), payload).getReceived();
    }

    /**
     * The first frame of a connection that resumes a session.
     *
     * @param id the session
     * @param attempt the number of this attempt in the session, from 1
     * @param received how many bytes it has received in this session
     * @param ended whether it only reports why it has ended the session
     */
    record Rejoin(SessionId id, long attempt, long received, boolean ended) {}

    static byte[] rejoin(Rejoin rejoin) {
        return Wire.Rejoin.newBuilder()
                .setSessionId(ByteString.copyFrom(rejoin.id().bytes()))
                .setAttempt(rejoin.attempt())
                .setReceived(rejoin.received())
                .setEnded(rejoin.ended())
                .build()
                .toByteArray();
    }

    static Rejoin readRejoin(byte[] payload) throws VmmigException {
        Wire.Rejoin rejoin = parse(Wire.Rejoin.parser(), payload);
        return new Rejoin(
                SessionId.of(rejoin.getSessionId().toByteArray()),
                rejoin.getAttempt(),
                rejoin.getReceived(),
                rejoin.getEnded());
    }

    static byte[] rejoined(long received) {
        return Wire.Rejoined.newBuilder().setReceived(received).build().toByteArray();
    }

    static long readRejoined(byte[] payload) throws TransportException {
        return parse(Wire.Rejoined.parser(), payload).getReceived();
    }

    static byte[] offer(Offer offer) throws TransportException {
        Wire.Offer.Builder message = Wire.Offer.newBuilder()
                .setManifest(ByteString.copyFrom(offer.manifest().toJson()))
                .setDomainXml(offer.domainXml());
        if (offer.cookie() != null) {
            message.setCookie(offer.cookie());
        }
        if (offer.definitionXml() != null) {
            message.setDefinitionXml(offer.definitionXml());
        }
        if (offer.manifest().hasGuestRecord()) {
            message.setGuest(ByteString.copyFrom(offer.guest().toJson()));
        }
        byte[] payload = message.build().toByteArray();
        if (payload.length > Kind.OFFER.maxLength()) {
            throw new TransportException(
                    Problem.REQUEST_INVALID, "the guest's description is too large for a destination to take", "");
        }
        return payload;
    }

    static Offer readOffer(byte[] payload) throws VmmigException {
        Wire.Offer offer = parse(Wire.Offer.parser(), payload);
        Manifest manifest = Manifest.fromOffer(offer.getManifest().toByteArray(), PackageLimits.DEFAULT);
        if (manifest.hasGuestRecord() != offer.hasGuest()) {
            throw WireErrors.violation(
                    "an offer of a guest without its record, or with one that its package will not have");
        }
        return new Offer(
                manifest,
                offer.getDomainXml(),
                offer.hasCookie() ? offer.getCookie() : null,
                offer.hasDefinitionXml() ? offer.getDefinitionXml() : null,
                offer.hasGuest() ? GuestRecord.fromJson(offer.getGuest().toByteArray()) : GuestRecord.of(manifest));
    }

    static byte[] accept(Acceptance acceptance) {
        return Wire.Accept.newBuilder()
                .addAllHeld(acceptance.held())
                .addAllReferences(acceptance.references().stream()
                        .map(reference -> Wire.Reference.newBuilder()
                                .setKind(reference.kind().word())
                                .setDigest(reference.digest().toString())
                                .build())
                        .toList())
                .build()
                .toByteArray();
    }

    static Acceptance readAccept(byte[] payload) throws TransportException {
        Wire.Accept accept = parse(Wire.Accept.parser(), payload);
        return new Acceptance(
                accept.getHeldList().stream().filter(Digest::isDigest).collect(Collectors.toSet()),
                accept.getReferencesList().stream()
                        .flatMap(reference -> reference(reference).stream())
                        .collect(Collectors.toSet()));
    }

    /** Empty for a kind that only a newer vmmig knows; this one offers none of it. */
    private static Optional<Manifest.Reference> reference(Wire.Reference reference) {
        return Digest.read(reference.getDigest()).flatMap(digest -> Manifest.Reference.Kind.of(reference.getKind())
                .map(kind -> new Manifest.Reference(kind, digest)));
    }

    static byte[] refuse(Failure failure) {
        return Wire.Refuse.newBuilder()
                .setFailure(FailureCodec.toWire(failure))
                .build()
                .toByteArray();
    }

    static Failure readRefuse(byte[] payload) throws TransportException {
        return FailureCodec.fromWire(parse(Wire.Refuse.parser(), payload).getFailure());
    }

    static Wire.Card commitment(byte[] commitment) {
        return Wire.Card.newBuilder()
                .setCommitment(ByteString.copyFrom(commitment))
                .build();
    }

    static byte[] readCommitment(byte[] payload) throws VmmigException {
        return exactly(
                parse(Wire.Card.parser(), payload).getCommitment(), Acquaintance.COMMITMENT_BYTES, "a commitment");
    }

    static Wire.Card card(Cards.Shown shown) {
        return Wire.Card.newBuilder()
                .setText(shown.card().text())
                .setChallenge(ByteString.copyFrom(shown.challenge()))
                .setProof(ByteString.copyFrom(shown.proof()))
                .build();
    }

    static Cards.Shown readCard(byte[] payload) throws VmmigException {
        Wire.Card card = parse(Wire.Card.parser(), payload);
        return new Cards.Shown(
                NodeCard.parse(card.getText()),
                exactly(card.getChallenge(), Acquaintance.CHALLENGE_BYTES, "a challenge"),
                card.getProof().toByteArray());
    }

    static Wire.Card proof(byte[] proof) {
        return Wire.Card.newBuilder().setProof(ByteString.copyFrom(proof)).build();
    }

    static byte[] readProof(byte[] payload) throws VmmigException {
        return parse(Wire.Card.parser(), payload).getProof().toByteArray();
    }

    private static byte[] exactly(ByteString bytes, int length, String what) throws VmmigException {
        if (bytes.size() != length) {
            throw WireErrors.violation(what + " of " + bytes.size() + " bytes");
        }
        return bytes.toByteArray();
    }

    static byte[] inquire(UUID packageId) {
        return Wire.Inquire.newBuilder()
                .setPackageId(packageId.toString())
                .build()
                .toByteArray();
    }

    static UUID readInquire(byte[] payload) throws VmmigException {
        String text = parse(Wire.Inquire.parser(), payload).getPackageId();
        if (!PACKAGE_ID.matcher(text).matches()) {
            throw WireErrors.violation("an inquiry about no package");
        }
        return UUID.fromString(text);
    }

    static byte[] answer(Outcome outcome) {
        return Wire.Answer.newBuilder().setOutcome(outcome.name()).build().toByteArray();
    }

    static Outcome readAnswer(byte[] payload) throws VmmigException {
        String name = parse(Wire.Answer.parser(), payload).getOutcome();
        for (Outcome outcome : Outcome.values()) {
            if (outcome.name().equals(name)) {
                return outcome;
            }
        }
        throw WireErrors.violation("an answer that this vmmig does not know");
    }

    static byte[] abort(@Nullable Failure failure) {
        Wire.Abort.Builder abort = Wire.Abort.newBuilder();
        if (failure != null) {
            abort.setFailure(FailureCodec.toWire(failure));
        }
        return abort.build().toByteArray();
    }

    static Failure readAbort(byte[] payload) throws TransportException {
        Wire.Abort abort = parse(Wire.Abort.parser(), payload);
        return abort.hasFailure()
                ? FailureCodec.fromWire(abort.getFailure())
                : Failure.of(Problem.PEER_FAILED, "the source gave up", "");
    }

    static byte[] waiting(long total) {
        return Wire.Waiting.newBuilder().setTotalBytes(total).build().toByteArray();
    }

    static long readWaiting(byte[] payload) throws TransportException {
        return parse(Wire.Waiting.parser(), payload).getTotalBytes();
    }

    static byte[] complete(long totalBytes) {
        return Wire.Complete.newBuilder().setTotalBytes(totalBytes).build().toByteArray();
    }

    static long readComplete(byte[] payload) throws TransportException {
        return parse(Wire.Complete.parser(), payload).getTotalBytes();
    }

    private static <T> T parse(com.google.protobuf.Parser<T> parser, byte[] payload) throws TransportException {
        try {
            return parser.parseFrom(payload);
        } catch (InvalidProtocolBufferException e) {
            throw new TransportException(
                    Problem.PROTOCOL_VIOLATION, "the peer sent a message that cannot be read", "", e);
        }
    }
}
