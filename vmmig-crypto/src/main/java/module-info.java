/** Who a host is, and which hosts it trusts. */
@org.jspecify.annotations.NullMarked
module io.vmmig.crypto {
    requires transitive io.vmmig.core;
    requires org.bouncycastle.pkix;
    requires org.bouncycastle.provider;

    exports io.vmmig.crypto;
}
