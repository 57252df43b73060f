/** `strftime` in the C locale, for the one date that templates are given. */
import { JinjaError } from "./values.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY = 86_400_000;

/** The date as a format asks for it; the date is read in UTC. Throws `JinjaError` naming a code that is not known. */
export const strftime = (date: Date, format: string): string => {
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  const weekday = date.getUTCDay();
  const hour = date.getUTCHours();
  const dayOfYear = Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / DAY) + 1;
  const monday = (weekday + 6) % 7;
  const hour12 = hour % 12 || 12;
  const [isoYear, isoWeek] = isoWeekOf(year, month, day);
  const pad = (value: number, width: number, flag: string, fill = "0"): string => {
    const with_ = flag === "_" ? " " : flag === "-" ? "" : flag === "0" ? "0" : fill;
    return with_ === "" ? String(value) : String(value).padStart(width, with_);
  };
  const code = (letter: string, flag: string): string | undefined => {
    const two = (value: number, fill = "0"): string => pad(value, 2, flag, fill);
    switch (letter) {
      case "a":
        return (DAYS[weekday] as string).slice(0, 3);
      case "A":
        return DAYS[weekday];
      case "b":
      case "h":
        return (MONTHS[month] as string).slice(0, 3);
      case "B":
        return MONTHS[month];
      case "c":
        return whole("%a %b %e %H:%M:%S %Y");
      case "C":
        return two(Math.floor(year / 100));
      case "d":
        return two(day);
      case "D":
      case "x":
        return whole("%m/%d/%y");
      case "e":
        return two(day, " ");
      case "f":
        return "000000";
      case "F":
        return whole("%Y-%m-%d");
      case "g":
        return two(isoYear % 100);
      case "G":
        return pad(isoYear, 4, flag, "");
      case "H":
        return two(hour);
      case "I":
        return two(hour12);
      case "j":
        return pad(dayOfYear, 3, flag);
      case "k":
        return two(hour, " ");
      case "l":
        return two(hour12, " ");
      case "m":
        return two(month + 1);
      case "M":
        return two(date.getUTCMinutes());
      case "n":
        return "\n";
      case "p":
        return hour < 12 ? "AM" : "PM";
      case "P":
        return hour < 12 ? "am" : "pm";
      case "r":
        return whole("%I:%M:%S %p");
      case "R":
        return whole("%H:%M");
      case "s":
        return String(Math.floor(date.getTime() / 1000));
      case "S":
        return two(date.getUTCSeconds());
      case "t":
        return "\t";
      case "T":
      case "X":
        return whole("%H:%M:%S");
      case "u":
        return String(monday + 1);
      case "U":
        return two(Math.floor((dayOfYear + 6 - weekday) / 7));
      case "V":
        return two(isoWeek);
      case "w":
        return String(weekday);
      case "W":
        return two(Math.floor((dayOfYear + 6 - monday) / 7));
      case "y":
        return two(year % 100);
      case "Y":
        return pad(year, 4, flag, "");
      case "z":
      case "Z":
        return "";
      case "%":
        return "%";
      default:
        return undefined;
    }
  };
  const whole = (text: string): string =>
    text.replace(/%([-_0^#]?)([\s\S])/gu, (found, flag: string, letter: string) => {
      const value = code(letter, flag);
      if (value === undefined) throw new JinjaError(`strftime does not know the code ${found}`);
      return flag === "^" ? value.toUpperCase() : value;
    });
  return whole(format);
};

/** The ISO week and the year it belongs to. */
const isoWeekOf = (year: number, month: number, day: number): readonly [number, number] => {
  const date = Date.UTC(year, month, day);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = new Date(date + (3 - weekday) * DAY);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return [thursday.getUTCFullYear(), Math.floor((thursday.getTime() - first) / DAY / 7) + 1];
};
