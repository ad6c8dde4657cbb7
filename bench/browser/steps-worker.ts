/** Our training step in a worker of a page. */
import { answerMessages } from "./answer-messages.ts";
import { answerTo } from "./steps.ts";

answerMessages(answerTo);
