// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.content.Digest;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.error.VmmigException;
import io.vmmig.protection.Handling;
import io.vmmig.protection.PackageClaim;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Signs a package's digest, which takes the same time for any size. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class SignBenchmark extends StageBenchmark {
    /** Signs the first package of a guest. */
    @Benchmark
    public List<String> sign(Signer signer) throws VmmigException {
        return signer.sign();
    }

    /** Judges it. */
    @Benchmark
    public List<Handling> verify(Signer signer, Signed signed) throws VmmigException {
        return signer.verify(signed.signatures);
    }

    /** A host and one of its packages. */
    @State(Scope.Benchmark)
    public static class Signer {
        private final UUID packageId = UUID.randomUUID();
        private final Digest contents = new Digest("5".repeat(64));
        private @Nullable HostIdentity self;

        /** Loads its keys. */
        @Setup
        public void load() throws VmmigException {
            self = StageIdentity.load();
        }

        private HostIdentity self() {
            if (self == null) {
                throw new IllegalStateException("before the setup");
            }
            return self;
        }

        private List<String> sign() throws VmmigException {
            return PackageSignatures.of(self())
                    .sign(new PackageClaim(
                            packageId, contents, Set.of(self().fingerprint().hex()), null, List.of(), List.of()));
        }

        private List<Handling> verify(List<String> signatures) throws VmmigException {
            AcceptedSigners signers = AcceptedSigners.of(Set.of(self().keys().signing()));
            return PackageSignatures.by(SignaturePolicy.of(self(), signers)).verify(packageId, contents, signatures);
        }
    }

    /** The signatures of the package. */
    @State(Scope.Benchmark)
    public static class Signed {
        private List<String> signatures = List.of();

        /** Signs it. */
        @Setup
        public void sign(Signer signer) throws VmmigException {
            signatures = signer.sign();
        }
    }
}
