// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.vmmig.bundle.format.Seal;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class PackageFuzzTest {
    static Stream<byte[]> packages() throws VmmigException {
        return Stream.of(Packages.write(Packages.small()), Packages.write(Packages.diskless(new byte[100])));
    }

    @MethodSource("packages")
    @FuzzTest
    void wholePackage(byte[] bytes) {
        try {
            Packages.read(bytes);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
        try {
            PackageReader.readOutline(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
        try {
            PackageReader.readEvidence(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> entries() throws VmmigException {
        return PackageHostileTest.entries(Packages.write(Packages.small())).stream()
                .map(entry -> (entry.getKey() + '\n' + new String(entry.getValue(), StandardCharsets.ISO_8859_1))
                        .getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The fuzzer cannot make up checksums, so the entry gets its header here: a name, a line break, and the content. */
    @MethodSource("entries")
    @FuzzTest
    void oneEntry(byte[] nameAndContent) throws Exception {
        String text = new String(nameAndContent, StandardCharsets.ISO_8859_1);
        String name = text.substring(0, Math.max(0, text.indexOf('\n')));
        byte[] content = text.substring(text.indexOf('\n') + 1).getBytes(StandardCharsets.ISO_8859_1);
        var entries = PackageHostileTest.entries(Packages.write(Packages.small()));
        PackageHostileTest.replace(entries, name, content);
        try {
            Packages.read(PackageHostileTest.tar(entries));
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> manifests() {
        return Stream.of(
                Packages.small().manifest().toJson(),
                Packages.diskless(new byte[1]).manifest().toJson());
    }

    @MethodSource("manifests")
    @FuzzTest
    void manifest(byte[] json) {
        try {
            Manifest manifest = Manifest.fromJson(json, PackageLimits.DEFAULT);
            assertThat(Manifest.fromJson(manifest.toJson(), PackageLimits.DEFAULT))
                    .isEqualTo(manifest);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> guests() {
        return Stream.of(Packages.guest().toJson(), new GuestRecord(true, false, false, false, List.of()).toJson());
    }

    @MethodSource("guests")
    @FuzzTest
    void guest(byte[] json) {
        try {
            GuestRecord guest = GuestRecord.fromJson(json);
            assertThat(GuestRecord.fromJson(guest.toJson())).isEqualTo(guest);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> seals() throws VmmigException {
        return PackageHostileTest.entries(Packages.write(Packages.small())).stream()
                .filter(entry -> entry.getKey().equals("seal.json"))
                .map(Map.Entry::getValue);
    }

    @MethodSource("seals")
    @FuzzTest
    void seal(byte[] json) {
        try {
            Seal seal = Seal.parse(json);
            assertThat(Seal.parse(seal.toJson())).isEqualTo(seal);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> streams() {
        return Stream.of(RamStream.of(RamStream.pages(40, 1)), new byte[5000]);
    }

    /** Whatever a hypervisor gives comes out as it went in, understood or not. */
    @MethodSource("streams")
    @FuzzTest
    void snapshot(byte[] stream) throws Exception {
        Packages.Contents contents = Packages.diskless(stream);
        Packages.assertSame(Packages.read(Packages.write(contents)), contents);
    }
}
