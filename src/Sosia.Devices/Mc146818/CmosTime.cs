namespace Sosia.Devices.Mc146818;

/// <summary>
/// The ten time registers as numbers. The guest may have written anything: values out of range roll over at their next increment.
/// </summary>
internal struct CmosTime
{
    public int Second;
    public int Minute;
    public int Hour;
    public int DayOfWeek;
    public int Day;
    public int Month;
    public int Year;

    public void AddSeconds(long seconds)
    {
        if (seconds > 1)
        {
            // Whole days first: a machine that was paused for long must not loop over seconds.
            for (long days = seconds / 86_400; days > 0; days--)
            {
                NextDay();
            }

            seconds %= 86_400;
        }

        for (; seconds > 0; seconds--)
        {
            NextSecond();
        }
    }

    private void NextSecond()
    {
        if (++Second < 60)
        {
            return;
        }

        Second = 0;
        if (++Minute < 60)
        {
            return;
        }

        Minute = 0;
        if (++Hour < 24)
        {
            return;
        }

        Hour = 0;
        NextDay();
    }

    private void NextDay()
    {
        DayOfWeek = DayOfWeek >= 7 ? 1 : DayOfWeek + 1;
        if (++Day <= DaysInMonth())
        {
            return;
        }

        Day = 1;
        if (++Month <= 12)
        {
            return;
        }

        Month = 1;
        Year = (Year + 1) % 10000;
    }

    // The chip knows leap years by the year's last two digits only; with a century byte the Gregorian rule holds.
    private readonly int DaysInMonth() => Month switch
    {
        2 => Year % 4 == 0 && (Year % 100 != 0 || Year % 400 == 0) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };
}
