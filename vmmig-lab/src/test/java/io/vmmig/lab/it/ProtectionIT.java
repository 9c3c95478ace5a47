// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vmmig.Receiver;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.protection.Handling;
import io.vmmig.report.DestinationReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.file.PackageFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packages of a real guest that has been about, in the wrong hands. */
@Tag("slow")
class ProtectionIT {
    private static final Duration SOON = Duration.ofMinutes(1);
    private static final int BLOCK = 512;
    private static final int CHUNK = (64 << 10) + 16;
    private static final Set<Problem> SEAL =
            EnumSet.of(Problem.SEAL_MALFORMED, Problem.SEAL_TRUNCATED, Problem.SEAL_BROKEN, Problem.SEAL_NOT_FOR_US);

    @TempDir
    Path directory;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    /** Another host, on which nothing must appear. */
    private final class Elsewhere implements AutoCloseable {
        private final InMemoryHypervisor hypervisor = new InMemoryHypervisor("elsewhere");
        private final HostIdentity self;
        /** Whose own signatures count. */
        private final HostIdentity judge;

        private final SignerKey accepted;
        private final HostState state;
        private final Path guests = directory.resolve("guests");

        Elsewhere(HostIdentity self, HostIdentity judge, SignerKey accepted) throws VmmigException {
            this.self = self;
            this.judge = judge;
            this.accepted = accepted;
            this.state = HostState.open(directory.resolve("state"));
            state.images().add(GuestKind.TINY_X86_64.image().qcow2(), ImageFormat.QCOW2);
        }

        DestinationReport take(Path file, Path... upon) throws Exception {
            PackageFile source = PackageFile.at(file).openedBy(self);
            for (Path earlier : upon) {
                source = source.upon(earlier);
            }
            return Receiver.of(hypervisor)
                    .into(guests)
                    .state(state)
                    .accepting(PackageSignatures.by(SignaturePolicy.of(judge, AcceptedSigners.of(Set.of(accepted)))))
                    .restore(source.open())
                    .await(SOON);
        }

        void refuse(String what, Set<Problem> expected, byte[] bytes) throws Exception {
            Path file = Files.write(directory.resolve("changed.vmmig"), bytes);
            VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> take(file));
            assertThat(refusal).as(what).isNotNull();
            assertThat(refusal.problem()).as(what + ": " + refusal.getMessage()).isIn(expected);
            assertThat(hypervisor.guests()).as(what).isEmpty();
            assertThat(guests.resolve("guarded")).as(what).doesNotExist();
        }

        @Override
        public void close() throws VmmigException {
            state.images().references().close();
            hypervisor.close();
        }
    }

    @Test
    void whatIsChangedOrForOthersIsRefused() throws Exception {
        LabHost a = Hosts.a();
        LabGuest guest = Moves.overTls(Hosts.startTiny(a, "guarded"), Hosts.b()).arrived();
        Moves.overTls(guest, a);
        Path full = directory.resolve("full.vmmig");
        Path sealed = directory.resolve("sealed.vmmig");
        Path forOther = directory.resolve("for-other.vmmig");
        Path plain = directory.resolve("plain.vmmig");
        a.saveFor(List.of(a), "guarded", full, true, event -> {}).await();
        a.saveChangesFor(List.of(a), "guarded", sealed, List.of(full)).await();
        a.saveChangesFor(List.of(Hosts.b()), "guarded", forOther, List.of(full)).await();
        a.saveChanges("guarded", plain, List.of(full)).await();
        HostIdentity self = HostIdentity.in(a.identityDirectory());
        SignerKey ofA = self.keys().signing();
        HostIdentity b = HostIdentity.in(Hosts.b().identityDirectory());
        SignerKey ofB = b.keys().signing();

        try (Elsewhere there = new Elsewhere(self, self, ofA)) {
            refuseSealed(there, Files.readAllBytes(sealed));
            byte[] chunks = Files.readAllBytes(full);
            there.refuse("swapped chunks", SEAL, swapped(chunks, chunks.length - 3 * CHUNK, CHUNK));
            there.refuse("for another host", Set.of(Problem.SEAL_NOT_FOR_US), Files.readAllBytes(forOther));
            refuseSigned(there, Files.readAllBytes(plain));
        }
        try (Elsewhere there = new Elsewhere(self, b, ofB)) {
            there.refuse("signed by a stranger", Set.of(Problem.SIGNER_UNKNOWN), Files.readAllBytes(sealed));
        }
        try (Elsewhere there = new Elsewhere(self, self, ofA)) {
            DestinationReport report = there.take(sealed, full);
            assertThat(report.provenance().stream().map(Handling::signer))
                    .containsExactly(ofA.toString(), ofB.toString(), ofA.toString());
            there.hypervisor.guest("guarded").remove();
            VmmigException again = catchThrowableOfType(VmmigException.class, () -> there.take(sealed, full));
            assertThat(again.problem()).isEqualTo(Problem.PACKAGE_REPLAYED);
            assertThat(there.hypervisor.guests()).isEmpty();
        }
    }

    private static void refuseSealed(Elsewhere there, byte[] bytes) throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            byte[] changed = bytes.clone();
            int at = random.nextInt(bytes.length);
            changed[at] ^= (byte) (1 << random.nextInt(8));
            there.refuse("a flipped bit of byte " + at, SEAL_OR_NOTHING, changed);
        }
        for (int i = 0; i < 1000; i++) {
            int length = (int) ((long) bytes.length * i / 1000);
            there.refuse("a cut at " + length, SEAL_OR_NOTHING, Arrays.copyOf(bytes, length));
        }
        there.refuse("a trailing byte", SEAL, Arrays.copyOf(bytes, bytes.length + 1));
    }

    /** Where the first bytes are gone or other ones, it is no sealed package any more, and not an open one either. */
    private static final Set<Problem> SEAL_OR_NOTHING;

    static {
        SEAL_OR_NOTHING = EnumSet.copyOf(SEAL);
        SEAL_OR_NOTHING.add(Problem.PACKAGE_MALFORMED);
        SEAL_OR_NOTHING.add(Problem.PACKAGE_TRUNCATED);
    }

    private static byte[] swapped(byte[] bytes, int at, int length) {
        byte[] swapped = bytes.clone();
        System.arraycopy(bytes, at, swapped, at + length, length);
        System.arraycopy(bytes, at + length, swapped, at, length);
        return swapped;
    }

    private static void refuseSigned(Elsewhere there, byte[] bytes) throws Exception {
        there.refuse(
                "a flipped bit",
                Set.of(Problem.DIGEST_MISMATCH),
                changed(bytes, "snapshot/000000", content -> content[content.length / 2] ^= 1));
        there.refuse(
                "a flipped bit of the manifest",
                Set.of(Problem.DIGEST_MISMATCH),
                changed(bytes, "manifest.json", content -> replace(content, "\"guarded\"", "\"guardee\"")));
        there.refuse("a trailing byte", Set.of(Problem.PACKAGE_MALFORMED), Arrays.copyOf(bytes, bytes.length + 1));
        there.refuse("without signatures", Set.of(Problem.SIGNATURE_MISSING), resealed(bytes, List::clear));
        there.refuse(
                "without its last signature",
                Set.of(Problem.SIGNED_ANOTHER_PACKAGE),
                resealed(bytes, links -> links.remove(links.size() - 1)));
        there.refuse(
                "without the first link",
                Set.of(Problem.PROVENANCE_LINK_MISSING),
                resealed(bytes, links -> links.remove(0)));
        there.refuse(
                "without a link between",
                Set.of(Problem.PROVENANCE_LINK_MISSING),
                resealed(bytes, links -> links.remove(1)));
        there.refuse(
                "with swapped links",
                Set.of(Problem.PROVENANCE_OUT_OF_ORDER),
                resealed(bytes, links -> Collections.swap(links, 0, 1)));
    }

    private static void replace(byte[] content, String from, String to) {
        String text = new String(content, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(from);
        assertThat(at).isNotNegative();
        System.arraycopy(to.getBytes(StandardCharsets.ISO_8859_1), 0, content, at, to.length());
    }

    /** With the content of an entry changed, and all else as it was. */
    private static byte[] changed(byte[] tar, String entry, Consumer<byte[]> change) {
        int header = headerOf(tar, entry);
        byte[] content = Arrays.copyOfRange(tar, header + BLOCK, header + BLOCK + sizeOf(tar, header));
        change.accept(content);
        byte[] changed = tar.clone();
        System.arraycopy(content, 0, changed, header + BLOCK, content.length);
        return changed;
    }

    /** With other signatures in its seal. */
    private static byte[] resealed(byte[] tar, Consumer<List<String>> change) {
        int header = headerOf(tar, "seal.json");
        JsonObject seal = JsonParser.parseString(
                        new String(tar, header + BLOCK, sizeOf(tar, header), StandardCharsets.UTF_8))
                .getAsJsonObject();
        List<String> links = new ArrayList<>();
        seal.getAsJsonArray("signatures").forEach(link -> links.add(link.getAsString()));
        assertThat(links).hasSize(3);
        change.accept(links);
        JsonArray array = new JsonArray();
        links.forEach(array::add);
        seal.add("signatures", array);
        byte[] json = new GsonBuilder().create().toJson(seal).getBytes(StandardCharsets.UTF_8);
        int content = (json.length + BLOCK - 1) / BLOCK * BLOCK;
        int whole = header + BLOCK + content + 2 * BLOCK;
        byte[] changed = Arrays.copyOf(Arrays.copyOf(tar, header + BLOCK), (whole + 10239) / 10240 * 10240);
        System.arraycopy(json, 0, changed, header + BLOCK, json.length);
        byte[] size = String.format("%011o", json.length).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(size, 0, changed, header + 124, size.length);
        Arrays.fill(changed, header + 148, header + 156, (byte) ' ');
        int sum = 0;
        for (int i = header; i < header + BLOCK; i++) {
            sum += changed[i] & 0xff;
        }
        byte[] checksum = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(checksum, 0, changed, header + 148, checksum.length);
        return changed;
    }

    private static int headerOf(byte[] tar, String name) {
        for (int at = 0; at < tar.length; ) {
            String found = new String(tar, at, 100, StandardCharsets.US_ASCII).replaceFirst("\0.*", "");
            if (found.equals(name)) {
                return at;
            }
            at += BLOCK + (sizeOf(tar, at) + BLOCK - 1) / BLOCK * BLOCK;
        }
        throw new AssertionError("no entry " + name);
    }

    private static int sizeOf(byte[] tar, int header) {
        return Integer.parseInt(new String(tar, header + 124, 11, StandardCharsets.US_ASCII), 8);
    }
}
