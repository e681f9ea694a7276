using System;
using System.Collections.Generic;
using Sosia.Devices.Screen;
using Sosia.Display.Rfb;
using Xunit;

namespace Sosia.Display.Tests;

public sealed class PixelAreaTests
{
    private const int Width = 201;
    private const int Height = 77;

    private readonly ScreenPicture _picture = new();
    private readonly PixelArea _viewer = new();
    private readonly List<ScreenRectangle> _tiles = [];
    private readonly List<ScreenRectangle> _differences = [];
    private readonly int[] _pixels = new int[Width * Height];
    private long _seenVersion;

    public PixelAreaTests()
    {
        _picture.Resize(Width, Height);
        _viewer.Resize(Width, Height);
    }

    [Fact]
    public void A_square_that_lies_across_tiles_costs_a_viewer_its_own_pixels_only()
    {
        Fill(new ScreenRectangle(60, 12, 9, 8), 0x123456);
        Assert.Equal([new(60, 12, 9, 8)], Look());
    }

    [Fact]
    public void What_changes_everywhere_is_one_rectangle()
    {
        Fill(new ScreenRectangle(0, 0, Width, Height), 0x123456);
        Assert.Equal([new(0, 0, Width, Height)], Look());
    }

    [Fact]
    public void What_changes_and_changes_back_before_a_viewer_looks_is_not_sent()
    {
        Fill(new ScreenRectangle(5, 5, 1, 1), 1);
        Draw();
        Fill(new ScreenRectangle(5, 5, 1, 1), 0);
        Assert.Empty(Look());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_changes_a_viewer_that_draws_its_updates_has_the_picture(int seed)
    {
        var random = new Random(seed);
        int[] seen = new int[Width * Height];
        for (int look = 0; look < 200; look++)
        {
            for (int i = random.Next(5); i > 0; i--)
            {
                int x = random.Next(Width);
                int y = random.Next(Height);
                Fill(new ScreenRectangle(x, y, random.Next(Width - x) / (1 + random.Next(20)), random.Next(Height - y) / (1 + random.Next(9))), random.Next(3));
                if (random.Next(3) == 0)
                {
                    Draw();
                }
            }

            foreach (ScreenRectangle change in Look())
            {
                for (int y = change.Y; y < change.Y + change.Height; y++)
                {
                    _viewer.Line(change.X, y, change.Width).CopyTo(seen.AsSpan((y * Width) + change.X));
                }
            }

            Assert.Equal(_pixels, seen);
        }
    }

    private void Fill(ScreenRectangle area, int color)
    {
        for (int y = area.Y; y < area.Y + area.Height; y++)
        {
            _pixels.AsSpan((y * Width) + area.X, area.Width).Fill(color);
        }
    }

    private void Draw()
    {
        _picture.BeginChanges();
        for (int y = 0; y < Height; y++)
        {
            _picture.SetLine(y, _pixels.AsSpan(y * Width, Width));
        }
    }

    private List<ScreenRectangle> Look()
    {
        long before = _seenVersion;
        Draw();
        _picture.ListChanges(before, new ScreenRectangle(0, 0, Width, Height), _tiles);
        _seenVersion = _picture.Version;
        _differences.Clear();
        foreach (ScreenRectangle tiles in _tiles)
        {
            _viewer.CopyDifferences(_picture, tiles, _differences);
        }

        return _differences;
    }
}
