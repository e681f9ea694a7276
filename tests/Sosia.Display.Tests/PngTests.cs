using System;
using System.IO;
using BigGustave;
using Sosia.Core;
using Sosia.Display.Png;
using Xunit;

namespace Sosia.Display.Tests;

public sealed class PngTests
{
    [Fact]
    public void A_picture_is_written_whole_and_has_its_colours()
    {
        var image = new ScreenImage(3, 2, [0xff0000, 0x00ff00, 0x0000ff, 0x123456, 0, 0xffffff]);
        using var stream = new MemoryStream();
        PngFile.Write(stream, image);
        stream.Position = 0;
        var png = BigGustave.Png.Open(stream);
        Assert.Equal((3, 2), (png.Width, png.Height));
        Assert.Equal(new Pixel(0x12, 0x34, 0x56), png.GetPixel(0, 1));
        Assert.Equal(new Pixel(0xff, 0, 0), png.GetPixel(0, 0));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_named_in_a_sentence()
        => Assert.Contains(
            "'/nonexistent/shot.png'",
            Assert.Throws<SosiaException>(() => PngFile.Write("/nonexistent/shot.png", new ScreenImage(1, 1, [0]))).Message,
            StringComparison.Ordinal);
}
