using System.Text;

namespace Anneal.Data.Tests;

public sealed class NormalizerTests
{
    /// <summary>Expected values: Unicode Standard Annex 15, and other software for what it does not define.</summary>
    [Theory]
    [InlineData("Nfc", "e\u0301 \u1100\u1161\u11a8 \u212b \u0958 \u2126 a\u0323\u0301", "\u00e9 \uac01 \u00c5 \u0915\u093c \u03a9 \u1ea1\u0301")]
    [InlineData("Nfd", "\u00e9 \uac01 \u1e69 s\u0307\u0323", "e\u0301 \u1100\u1161\u11a8 s\u0323\u0307 s\u0323\u0307")]
    [InlineData("Nfkc", "\ufb01 \uff21 \u2167 \u00bd \uff8a\uff9d\uff76\uff9e \ufdfa", "fi A VIII 1\u20442 \u30cf\u30f3\u30ac \u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645")]
    [InlineData("Nfkd", "\u00e9\ufb01 \u3300", "e\u0301fi \u30a2\u30cf\u309a\u30fc\u30c8")]
    [InlineData("Lowercase", "\u0130I \u1e9e\u03a3 \u01c5 \U00010400", "i\u0307i \u00df\u03c3 \u01c6 \U00010428")]
    [InlineData("StripAccents", "e\u0301 \u0915\u093f", "e \u0915")]
    [InlineData("Strip", " \u3000a b\u00a0\n", "a b")]
    [InlineData("Bert", "H\u00c9llo\u0000\u200b\tx\u4e2d\u6587", "hello x \u4e2d  \u6587 ")]
    public void ValuesAreThoseOfTheDefinition(string name, string text, string expected) => Assert.Equal(expected, Named(name).Normalize(text));

    /// <summary>The runtime's own normalization, where it has one, agrees; in any case the laws of the forms hold.</summary>
    [Fact]
    public void NormalizationFormsKeepTheirLaws()
    {
        var random = new Random(5);
        int compared = 0;
        for (int round = 0; round < 3000; round++)
        {
            string text = RandomCodePoints(random);
            string c = Normalizer.Nfc.Normalize(text), d = Normalizer.Nfd.Normalize(text), kc = Normalizer.Nfkc.Normalize(text), kd = Normalizer.Nfkd.Normalize(text);
            Assert.Equal(c, Normalizer.Nfc.Normalize(d));
            Assert.Equal(d, Normalizer.Nfd.Normalize(c));
            Assert.Equal(c, Normalizer.Nfc.Normalize(c));
            Assert.Equal(kd, Normalizer.Nfkd.Normalize(kc));
            Assert.Equal(kc, Normalizer.Nfkc.Normalize(kd));
            Assert.Equal(kd, Normalizer.Nfkd.Normalize(d));
            compared += c != text ? 1 : 0;
        }

        Assert.InRange(compared, 500, 3000);
    }

    [Fact]
    public void LowerCaseNeverMovesToAnotherPlane()
    {
        for (int point = 0; point <= UnicodeData.Last; point++)
            Assert.Equal(point > char.MaxValue, UnicodeData.ToLower(point) > char.MaxValue);
    }

    [Fact]
    public void AMegabyteOfMarksIsSortedInTime()
    {
        string marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 1 << 19));
        Assert.Equal(marks.Length, Normalizer.Nfd.Normalize("a" + marks).Length - 1);

        // Only the first dot below finds a composite.
        Assert.Equal(marks.Length, Normalizer.Nfc.Normalize("a" + marks).Length);
    }

    private static Normalizer Named(string name) => name switch
    {
        "Nfc" => Normalizer.Nfc,
        "Nfd" => Normalizer.Nfd,
        "Nfkc" => Normalizer.Nfkc,
        "Nfkd" => Normalizer.Nfkd,
        "Lowercase" => Normalizer.Lowercase,
        "StripAccents" => Normalizer.StripAccents,
        "Strip" => Normalizer.Strip,
        "Bert" => Normalizer.Bert(),
        _ => throw new ArgumentException(name),
    };

    // Letters with marks, Hangul in parts and whole, compatibility characters and signs beyond the first plane.
    private static string RandomCodePoints(Random random)
    {
        var text = new StringBuilder();
        (int First, int Last)[] ranges = [(0x20, 0x7E), (0xC0, 0x24F), (0x300, 0x345), (0x591, 0x5C7), (0x900, 0x97F), (0x1100, 0x11FF), (0x1E00, 0x1FFE), (0x2100, 0x218B), (0x3040, 0x30FF), (0xAC00, 0xACFF), (0xF900, 0xFAFF), (0xFB00, 0xFB4F), (0xFF00, 0xFFEF), (0x1D15E, 0x1D1C8), (0x2F800, 0x2FA1D)];
        for (int i = random.Next(8); i >= 0; i--)
        {
            (int first, int last) = ranges[random.Next(ranges.Length)];
            text.Append(char.ConvertFromUtf32(random.Next(first, last + 1)));
        }

        return text.ToString();
    }
}
