// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.transport.wire.proto.Wire;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Encodes and decodes failures. A received one may be from a newer vmmig, or hostile. */
final class FailureCodec {
    private static final int MAX_SENTENCE = 4096;
    private static final int MAX_NAME = 256;

    private FailureCodec() {}

    static Wire.Failure toWire(Failure failure) {
        Wire.Failure.Builder wire = Wire.Failure.newBuilder()
                .setProblem(failure.problem().name())
                .setWhat(clean(failure.what(), MAX_SENTENCE))
                .setRemedy(clean(failure.remedy(), MAX_SENTENCE))
                .setSource(failure.source().name())
                .setDestination(failure.destination().name());
        if (failure.guest() != null) {
            wire.setGuest(clean(failure.guest(), MAX_NAME));
        }
        if (failure.phase() != null) {
            wire.setPhase(failure.phase().name());
        }
        return wire.build();
    }

    static Failure fromWire(Wire.Failure wire) {
        Optional<Problem> problem = constant(Problem.class, wire.getProblem());
        String what = clean(wire.getWhat(), MAX_SENTENCE);
        if (problem.isEmpty() && !wire.getProblem().isEmpty()) {
            what = what + " (" + clean(wire.getProblem(), MAX_NAME) + ")";
        }
        Failure theirs = new Failure(
                problem.orElse(Problem.PEER_FAILED),
                what.isBlank() ? "the peer gave up" : what,
                clean(wire.getRemedy(), MAX_SENTENCE),
                wire.getGuest().isEmpty() ? null : clean(wire.getGuest(), MAX_NAME),
                phase(wire.getPhase()),
                constant(EndState.class, wire.getSource()).orElse(EndState.UNKNOWN),
                constant(EndState.class, wire.getDestination()).orElse(EndState.UNKNOWN));
        return theirs.heardFromPeer();
    }

    private static @Nullable Phase phase(String name) {
        return constant(Phase.class, name).orElse(null);
    }

    private static <E extends Enum<E>> Optional<E> constant(Class<E> type, String name) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return Optional.of(constant);
            }
        }
        return Optional.empty();
    }

    /** At most {@code max} characters, without those that could move a cursor, forge a log line or reverse text. */
    static String clean(String text, int max) {
        StringBuilder clean = new StringBuilder(Math.min(text.length(), max));
        text.codePoints()
                .limit(max)
                .map(c -> isHarmless(c) ? c : ' ')
                .takeWhile(c -> clean.length() + Character.charCount(c) <= max)
                .forEach(clean::appendCodePoint);
        return clean.toString();
    }

    private static boolean isHarmless(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
