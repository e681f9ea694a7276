using System.Threading;
using Sosia.Devices.Screen;

namespace Sosia.Display.Tests;

/// <summary>A screen with everything that encoders treat in their own way: one colour, few colours, runs, noise. It changes when told.</summary>
internal sealed class PatternScreen : IScreenSource
{
    private readonly Lock _gate = new();
    private int _width = 331;
    private int _height = 203;
    private int _step;
    private bool _isChanged = true;

    public MachineScreen Screen { get; }

    public PatternScreen()
    {
        Screen = new MachineScreen(this, action =>
        {
            lock (_gate)
            {
                action();
            }

            return true;
        });
    }

    public void Change(int width, int height)
    {
        lock (_gate)
        {
            (_width, _height) = (width, height);
            _step++;
            _isChanged = true;
        }
    }

    public bool Capture()
    {
        bool changed = _isChanged;
        _isChanged = false;
        return changed;
    }

    public void Render(ScreenPicture picture)
    {
        picture.BeginChanges();
        picture.Resize(_width, _height);
        int[] line = new int[_width];
        for (int y = 0; y < _height; y++)
        {
            for (int x = 0; x < _width; x++)
            {
                line[x] = Pixel(x, y);
            }

            picture.SetLine(y, line);
        }
    }

    public ScreenText? ReadText() => null;

    private int Pixel(int x, int y)
    {
        int tile = ((x / 32) + (y / 32 * 11) + _step) % 6;
        uint hash = (uint)((x * 73_856_093) ^ (y * 19_349_663) ^ _step) * 2_654_435_761u;
        return tile switch
        {
            0 => 0x123456,
            1 => (hash & 0x1000) != 0 ? 0xffffff : 0x0000aa,
            2 => ((x / 5) + (y / 7)) % 14 * 0x11_1111,
            3 => (int)(hash >> 8),
            4 => x % 32 < 20 ? 0xff0000 : y << 8,
            _ => (int)((hash >> 20) % 100) * 0x02_0304 & 0xff_ffff,
        };
    }
}
